/*
 * The SMTP dialogue. Every conversation of smtp_scripts.h runs whole, cut at every byte, byte by
 * byte, ended after every byte, with neighbours in the other order, and with bytes missing
 * everywhere: the facts stay the same, or, where they cannot, nothing becomes wrong.
 */
#include "smtp_scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "smtp_run.h"

/* What a script leads to. */
static size_t count_events(const struct script *s)
{
	size_t count = 0;

	while (count < EVENTS_MAX && s->events[count].bytes != NULL)
		count++;
	return count;
}

static bool has_tls(const struct script *s)
{
	for (size_t i = 0; i < count_events(s); i++)
		if (s->events[i].tls)
			return true;
	return false;
}

static size_t length_of(const struct script *s, enum side side, bool tls)
{
	size_t length = 0;

	for (size_t i = 0; i < count_events(s); i++)
		if (s->events[i].side == side && (tls || !s->events[i].tls))
			length += s->events[i].length;
	return length;
}

#define EXPECT(condition, ...)                                                                     \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error(__VA_ARGS__);                                                  \
			print_error("\n");                                                         \
			fail_msg("%s", #condition);                                                \
		}                                                                                  \
	} while (0)

static void check_place(const struct script *s, const struct smtp_run *r, const char *how)
{
	EXPECT(smtp_dialog_tls_started(&r->dialog) == has_tls(s), "%s, %s", s->name, how);
	for (unsigned side = 0; side < SIDES; side++) {
		size_t place = length_of(s, side, !has_tls(s));

		EXPECT(r->used[side] == place, "%s, %s: side %u used %zu, not %zu", s->name, how,
		    side, r->used[side], place);
	}
}

static void check_facts(const struct script *s, const struct smtp_run *r, const char *how)
{
	const struct smtp_facts *f = &r->dialog.facts;

	EXPECT(f->seen == s->seen, "%s, %s: %#x, not %#x (%s)", s->name, how, f->seen, s->seen,
	    f->history);
	EXPECT(f->starttls_reply == s->reply, "%s, %s: %u", s->name, how, f->starttls_reply);
	EXPECT(strcmp(f->helo, s->helo) == 0, "%s, %s: %s", s->name, how, f->helo);
	EXPECT(strcmp(f->banner, s->banner) == 0, "%s, %s: %s", s->name, how, f->banner);
	check_place(s, r, how);
}

/* "<220 >EHLO <250*2" */
static const char *events_text(const struct smtp_facts *f, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->event_count && used < size; i++) {
		const struct smtp_event *e = &f->events[i];
		const char *verb = smtp_verb_name(e->what);

		used += (size_t)snprintf(text + used, size - used, "%s", i > 0 ? " " : "");
		if (e->what >= SMTP_EVENT_REPLIES)
			used += (size_t)snprintf(text + used, size - used, "<%u", e->what);
		else
			used += (size_t)snprintf(text + used, size - used, ">%s",
			    verb != NULL		? verb
			    : e->what == SMTP_EVENT_GAP ? "-"
							: "?");
		if (e->times > 1)
			used += (size_t)snprintf(text + used, size - used, "*%u", e->times);
	}
	return text;
}

/* However it is cut, the same was said. */
static void check_events(const struct script *s, const struct smtp_run *r, const char *how)
{
	static struct smtp_run whole;
	static const struct script *of;
	char expected[512], got[512];

	if (of != s) {
		of = s;
		smtp_run_start(&whole, false);
		for (size_t i = 0; i < count_events(s); i++)
			smtp_run_deliver(
			    &whole, s->events[i].side, s->events[i].bytes, s->events[i].length);
	}
	events_text(&whole.dialog.facts, expected, sizeof(expected));
	events_text(&r->dialog.facts, got, sizeof(got));
	EXPECT(strcmp(expected, got) == 0, "%s, %s: %s, not %s", s->name, how, got, expected);
}

static void check_all(const struct script *s, const struct smtp_run *r, const char *how)
{
	check_facts(s, r, how);
	check_events(s, r, how);
	EXPECT(strcmp(r->dialog.facts.history, s->history) == 0, "%s, %s: %s", s->name, how,
	    r->dialog.facts.history);
}

static void test_whole(void **state)
{
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		smtp_run_start(&r, false);
		for (size_t i = 0; i < count_events(s); i++)
			smtp_run_deliver(
			    &r, s->events[i].side, s->events[i].bytes, s->events[i].length);
		check_all(s, &r, "whole");
	}
}

static void test_byte_by_byte(void **state)
{
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		smtp_run_start(&r, false);
		for (size_t i = 0; i < count_events(s); i++)
			smtp_run_deliver_slowly(
			    &r, s->events[i].side, s->events[i].bytes, s->events[i].length);
		check_all(s, &r, "byte by byte");
	}
}

/* Runs a script with one event in two pieces; with `end`, only up to that place. */
static void run_cut(const struct script *s, struct smtp_run *r, size_t event, size_t cut, bool end)
{
	smtp_run_start(r, false);
	for (size_t i = 0; i < count_events(s); i++) {
		const struct event *e = &s->events[i];

		if (i != event) {
			smtp_run_deliver(r, e->side, e->bytes, e->length);
			continue;
		}
		smtp_run_deliver(r, e->side, e->bytes, cut);
		if (end)
			return;
		smtp_run_deliver(r, e->side, e->bytes + cut, e->length - cut);
	}
}

static void test_cut_at_every_byte(void **state)
{
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		for (size_t event = 0; event < count_events(s); event++) {
			for (size_t cut = 0; cut <= s->events[event].length; cut++) {
				run_cut(s, &r, event, cut, false);
				check_all(s, &r, "cut");
			}
		}
	}
}

static void test_ended_after_every_byte(void **state)
{
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		for (size_t event = 0; event < count_events(s); event++) {
			for (size_t cut = 0; cut < s->events[event].length; cut++) {
				run_cut(s, &r, event, cut, true);
				if (!smtp_dialog_tls_started(&r.dialog))
					continue;
				check_place(s, &r, "ended");
			}
		}
	}
}

/* A capture may show two packets that crossed in either order. */
static void test_neighbours_in_the_other_order(void **state)
{
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		for (size_t swap = 0; !s->in_order && swap + 1 < count_events(s); swap++) {
			smtp_run_start(&r, false);
			if (s->events[swap].side == s->events[swap + 1].side)
				continue;
			for (size_t i = 0; i < count_events(s); i++) {
				size_t place = i == swap ? swap + 1 : i == swap + 1 ? swap : i;
				const struct event *e = &s->events[place];

				smtp_run_deliver(&r, e->side, e->bytes, e->length);
			}
			if (s->events[swap].side == SIDE_SERVER)
				check_facts(s, &r, "client early");
			else if (smtp_dialog_tls_started(&r.dialog) || has_tls(s))
				check_place(s, &r, "server early");
		}
	}
}

/* With bytes missing: unknown is fine, wrong is not. */
static void check_not_wrong(
    const struct script *s, const struct smtp_run *r, enum side side, size_t at, size_t length)
{
	const struct smtp_facts *f = &r->dialog.facts;
	uint32_t also = SMTP_RESYNCED | SMTP_SPOKEN;

#define RIGHT(condition)                                                                           \
	EXPECT(condition,                                                                          \
	    "%s, side %u without %zu bytes at %zu: %#x not %#x, reply %u, %s, used %zu %zu",       \
	    s->name, side, length, at, f->seen, s->seen, f->starttls_reply, f->history,            \
	    r->used[0], r->used[1])

	RIGHT((f->seen & ~(s->seen | also)) == 0);
	if (f->seen & SMTP_SAW_CAPABILITIES)
		RIGHT((f->seen & SMTP_OFFERED) == (s->seen & SMTP_OFFERED));
	RIGHT(f->starttls_reply == 0 || f->starttls_reply == s->reply || s->reply == 220);
	RIGHT(f->helo[0] == '\0' || strcmp(f->helo, s->helo) == 0);
	RIGHT(f->banner[0] == '\0' || strcmp(f->banner, s->banner) == 0 || side == SIDE_SERVER);
	if (!smtp_dialog_tls_started(&r->dialog))
		return;
	for (unsigned i = 0; i < SIDES; i++) {
		size_t place = length_of(s, i, false);
		bool lost = i == side && at + length >= place && r->used[i] >= at + length;

		RIGHT(r->used[i] == place || lost);
	}
}

static void run_with_hole(
    const struct script *s, struct smtp_run *r, enum side side, size_t at, size_t length)
{
	smtp_run_start(r, false);
	r->hole_at[side] = at;
	r->hole[side] = length;
	for (size_t i = 0; i < count_events(s); i++)
		smtp_run_deliver(r, s->events[i].side, s->events[i].bytes, s->events[i].length);
	check_not_wrong(s, r, side, at, length);
}

static void test_bytes_missing_anywhere(void **state)
{
	static const size_t lengths[] = {1, 2, 5, 10, 26, 60};
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		for (unsigned side = 0; !s->in_order && side < SIDES; side++) {
			size_t all = length_of(s, side, true);

			for (size_t at = 0; at < all; at++)
				for (size_t i = 0; i < 6 && at + lengths[i] <= all; i++)
					run_with_hole(s, &r, side, at, lengths[i]);
		}
	}
}

/* A whole packet is missing, the usual case: where both hellos can be seen, TLS must be found. */
static void test_a_packet_missing(void **state)
{
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		size_t sent[SIDES] = {0, 0};

		for (size_t i = 0; !s->in_order && i < count_events(s); i++) {
			const struct event *e = &s->events[i];

			run_with_hole(s, &r, e->side, sent[e->side], e->length);
			sent[e->side] += e->length;
			EXPECT(!has_tls(s) || e->tls || smtp_dialog_tls_started(&r.dialog),
			    "%s without %.*s: %s", s->name, (int)e->length, e->bytes,
			    r.dialog.facts.history);
		}
	}
}

/* A capture that begins anywhere before TLS: that is found, and nothing is made up. */
static void test_midstream(void **state)
{
	static struct smtp_run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		for (size_t first = 0; !s->in_order && first < count_events(s); first++) {
			if (first > 0 && s->events[first - 1].tls)
				break;
			smtp_run_start(&r, true);
			for (size_t i = 0; i < count_events(s); i++) {
				const struct event *e = &s->events[i];

				if (i >= first)
					smtp_run_deliver(&r, e->side, e->bytes, e->length);
				else
					r.used[e->side] = r.sent[e->side] += e->length;
			}
			check_not_wrong(s, &r, SIDE_SERVER, 0, 0);
			EXPECT(!has_tls(s) || smtp_dialog_tls_started(&r.dialog), "%s from %zu: %s",
			    s->name, first, r.dialog.facts.history);
		}
	}
}

static void check_transcript(const char *name, const char *expected)
{
	static struct smtp_run r;
	const struct script *s = scripts;
	char text[512];

	while (s < scripts + SCRIPTS && strcmp(s->name, name) != 0)
		s++;
	assert_true(s < scripts + SCRIPTS);
	smtp_run_start(&r, false);
	for (size_t i = 0; i < count_events(s); i++) {
		r.dialog.clock = (uint32_t)i + 1;
		smtp_run_deliver(&r, s->events[i].side, s->events[i].bytes, s->events[i].length);
	}
	assert_string_equal(events_text(&r.dialog.facts, text, sizeof(text)), expected);
	assert_int_equal(r.dialog.facts.events[0].clock, 1);
	assert_int_equal(r.dialog.facts.events[1].clock, 2);
}

/* What was said, and nothing of what it was about. */
static void test_transcript(void **state)
{
	(void)state;
	check_transcript("pipelined mail",
	    "<220 >EHLO <250 >MAIL >RCPT*2 >DATA <250*2 <550 <354 >QUIT <250 <221");
	check_transcript(
	    "a body of commands", "<220 >EHLO <250 >MAIL <250 >DATA <354 <250 >STARTTLS <220");
	check_transcript("AUTH LOGIN", "<220 >EHLO <250 >AUTH <334*2 <235 >STARTTLS <220");
	check_transcript("masked by an old fixup", "<220 >EHLO <250 >? <500");
	check_transcript("injected", "<220 >EHLO <250 >STARTTLS <220");
	check_transcript(
	    "refused with commands behind it", "<220 >EHLO <250 >STARTTLS <454 >MAIL <250");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_byte_by_byte),
	    cmocka_unit_test(test_cut_at_every_byte),
	    cmocka_unit_test(test_ended_after_every_byte),
	    cmocka_unit_test(test_neighbours_in_the_other_order),
	    cmocka_unit_test(test_bytes_missing_anywhere),
	    cmocka_unit_test(test_a_packet_missing),
	    cmocka_unit_test(test_midstream),
	    cmocka_unit_test(test_transcript),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
