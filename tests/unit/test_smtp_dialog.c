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

#define STREAM_MAX 4096

/* A conversation under way, as a session drives it. */
struct run {
	struct smtp_dialog dialog;
	uint8_t bytes[SIDES][STREAM_MAX];
	size_t sent[SIDES], used[SIDES];
	size_t hole_at[SIDES], hole[SIDES]; /* bytes that are never shown */
};

static void start(struct run *r, bool midstream)
{
	memset(r, 0, sizeof(*r));
	smtp_dialog_init(&r->dialog, midstream);
}

/* Offers a copy of its own: the sanitizer then sees a read behind its end. */
static size_t offer(struct run *r, enum side side, size_t end)
{
	size_t length = end - r->used[side], used;
	uint8_t *copy = malloc(length + (length == 0));

	assert_non_null(copy);
	memcpy(copy, r->bytes[side] + r->used[side], length);
	used = smtp_dialog_feed(&r->dialog, side, copy, length);
	assert_true(used <= length);
	free(copy);
	r->used[side] += used;
	return used;
}

/* Offers what one side has, up to its hole, and over it. Returns whether that moved anything. */
static bool offer_side(struct run *r, enum side side)
{
	bool before_hole = r->hole[side] > 0 && r->used[side] <= r->hole_at[side];
	size_t end = r->sent[side];
	bool moved;

	if (before_hole && end > r->hole_at[side])
		end = r->hole_at[side];
	moved = end > r->used[side] && offer(r, side, end) > 0;
	if (before_hole && r->used[side] == r->hole_at[side] &&
	    r->sent[side] >= r->hole_at[side] + r->hole[side]) {
		smtp_dialog_gap(&r->dialog, side, r->hole[side]);
		r->used[side] += r->hole[side];
		r->hole[side] = 0;
		moved = true;
	}
	return moved;
}

static void deliver(struct run *r, enum side side, const char *bytes, size_t length)
{
	assert_true(r->sent[side] + length <= STREAM_MAX);
	memcpy(r->bytes[side] + r->sent[side], bytes, length);
	r->sent[side] += length;
	offer_side(r, side);
	while (offer_side(r, side_other(side)) || offer_side(r, side))
		;
}

static void deliver_slowly(struct run *r, enum side side, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		deliver(r, side, bytes + i, 1);
}

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

static void check_place(const struct script *s, const struct run *r, const char *how)
{
	EXPECT(smtp_dialog_tls_started(&r->dialog) == has_tls(s), "%s, %s", s->name, how);
	for (unsigned side = 0; side < SIDES; side++) {
		size_t place = length_of(s, side, !has_tls(s));

		EXPECT(r->used[side] == place, "%s, %s: side %u used %zu, not %zu", s->name, how,
		    side, r->used[side], place);
	}
}

static void check_facts(const struct script *s, const struct run *r, const char *how)
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
static void check_events(const struct script *s, const struct run *r, const char *how)
{
	static struct run whole;
	static const struct script *of;
	char expected[512], got[512];

	if (of != s) {
		of = s;
		start(&whole, false);
		for (size_t i = 0; i < count_events(s); i++)
			deliver(&whole, s->events[i].side, s->events[i].bytes, s->events[i].length);
	}
	events_text(&whole.dialog.facts, expected, sizeof(expected));
	events_text(&r->dialog.facts, got, sizeof(got));
	EXPECT(strcmp(expected, got) == 0, "%s, %s: %s, not %s", s->name, how, got, expected);
}

static void check_all(const struct script *s, const struct run *r, const char *how)
{
	check_facts(s, r, how);
	check_events(s, r, how);
	EXPECT(strcmp(r->dialog.facts.history, s->history) == 0, "%s, %s: %s", s->name, how,
	    r->dialog.facts.history);
}

static void test_whole(void **state)
{
	static struct run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		start(&r, false);
		for (size_t i = 0; i < count_events(s); i++)
			deliver(&r, s->events[i].side, s->events[i].bytes, s->events[i].length);
		check_all(s, &r, "whole");
	}
}

static void test_byte_by_byte(void **state)
{
	static struct run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		start(&r, false);
		for (size_t i = 0; i < count_events(s); i++)
			deliver_slowly(
			    &r, s->events[i].side, s->events[i].bytes, s->events[i].length);
		check_all(s, &r, "byte by byte");
	}
}

/* Runs a script with one event in two pieces; with `end`, only up to that place. */
static void run_cut(const struct script *s, struct run *r, size_t event, size_t cut, bool end)
{
	start(r, false);
	for (size_t i = 0; i < count_events(s); i++) {
		const struct event *e = &s->events[i];

		if (i != event) {
			deliver(r, e->side, e->bytes, e->length);
			continue;
		}
		deliver(r, e->side, e->bytes, cut);
		if (end)
			return;
		deliver(r, e->side, e->bytes + cut, e->length - cut);
	}
}

static void test_cut_at_every_byte(void **state)
{
	static struct run r;

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
	static struct run r;

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
	static struct run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		for (size_t swap = 0; !s->in_order && swap + 1 < count_events(s); swap++) {
			start(&r, false);
			if (s->events[swap].side == s->events[swap + 1].side)
				continue;
			for (size_t i = 0; i < count_events(s); i++) {
				size_t place = i == swap ? swap + 1 : i == swap + 1 ? swap : i;
				const struct event *e = &s->events[place];

				deliver(&r, e->side, e->bytes, e->length);
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
    const struct script *s, const struct run *r, enum side side, size_t at, size_t length)
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
    const struct script *s, struct run *r, enum side side, size_t at, size_t length)
{
	start(r, false);
	r->hole_at[side] = at;
	r->hole[side] = length;
	for (size_t i = 0; i < count_events(s); i++)
		deliver(r, s->events[i].side, s->events[i].bytes, s->events[i].length);
	check_not_wrong(s, r, side, at, length);
}

static void test_bytes_missing_anywhere(void **state)
{
	static const size_t lengths[] = {1, 2, 5, 10, 26, 60};
	static struct run r;

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
	static struct run r;

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
	static struct run r;

	(void)state;
	for (const struct script *s = scripts; s < scripts + SCRIPTS; s++) {
		for (size_t first = 0; !s->in_order && first < count_events(s); first++) {
			if (first > 0 && s->events[first - 1].tls)
				break;
			start(&r, true);
			for (size_t i = 0; i < count_events(s); i++) {
				const struct event *e = &s->events[i];

				if (i >= first)
					deliver(&r, e->side, e->bytes, e->length);
				else
					r.used[e->side] = r.sent[e->side] += e->length;
			}
			check_not_wrong(s, &r, SIDE_SERVER, 0, 0);
			EXPECT(!has_tls(s) || smtp_dialog_tls_started(&r.dialog), "%s from %zu: %s",
			    s->name, first, r.dialog.facts.history);
		}
	}
}

#define SAY(side, text) deliver(&r, side, text, sizeof(text) - 1)

static void test_only_the_client_is_seen(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nSTARTTLS\r\n");
	SAY(SIDE_CLIENT, CLIENT_HELLO);
	assert_true(smtp_dialog_waiting(&r.dialog));
	smtp_dialog_stop_waiting(
	    &r.dialog, (const uint8_t *)CLIENT_HELLO, sizeof(CLIENT_HELLO) - 1);
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_string_equal(r.dialog.facts.helo, "a.example");
	assert_int_equal(r.dialog.facts.starttls_reply, 0);
	assert_int_equal(r.used[SIDE_CLIENT], 26);
}

static void stop_waiting(struct run *r)
{
	size_t used = r->used[SIDE_CLIENT];

	assert_true(smtp_dialog_waiting(&r->dialog));
	smtp_dialog_stop_waiting(
	    &r->dialog, r->bytes[SIDE_CLIENT] + used, r->sent[SIDE_CLIENT] - used);
	assert_false(smtp_dialog_waiting(&r->dialog));
	while (offer_side(r, SIDE_CLIENT))
		;
}

static void test_a_body_is_told_from_commands(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nMAIL FROM:<>\r\nDATA\r\nSubject: x\r\n\r\nEHLO "
			 "evil.example\r\n.\r\nQUIT\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.helo, "a.example");
	assert_string_equal(r.dialog.facts.history, "EMDQ");

	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\nDATA\r\nRSET\r\nEHLO b.example\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.helo, "a.example"); /* still, it may be a body */
	SAY(SIDE_SERVER, "250-x\r\n250 STARTTLS\r\n");
	assert_string_equal(r.dialog.facts.helo, "b.example");

	start(&r, false);
	SAY(SIDE_CLIENT, "DATA\r\n.\r\nEHLO b.example\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.helo, "b.example");
}

static void test_a_response_of_auth_is_passed_over(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nAUTH PLAIN\r\nAGEAYg==\r\nMAIL FROM:<>\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.history, "EAM");

	start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<>\r\n");
	stop_waiting(&r);
	assert_string_equal(r.dialog.facts.history, "EAM");
}

/* Whether the state holds these bytes anywhere. */
static bool remembers(const struct smtp_dialog *d, const char *text)
{
	return memmem(d, sizeof(*d), text, strlen(text)) != NULL;
}

static void test_nothing_secret_is_kept(void **state)
{
	static const char *const said[] = {"EHLO a.example\r\n", "AUTH PLAIN AHNlY3JldA==\r\n",
	    "AHNlY3JldA==\r\n", "MAIL FROM:<AHNlY3JldA@a.example>\r\n", "DATA\r\n",
	    "AHNlY3JldA\r\n.\r\n", "QUIT\r\n"};
	static const char *const answers[] = {"250 x\r\n", "334 \r\n", "235 Ok\r\n", "250 Ok\r\n",
	    "354 go\r\n", "250 Ok\r\n", "221 bye\r\n"};
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		deliver_slowly(&r, SIDE_CLIENT, said[i], strlen(said[i]));
		assert_false(remembers(&r.dialog, "NlY3Jl"));
		deliver_slowly(&r, SIDE_SERVER, answers[i], strlen(answers[i]));
	}
	assert_string_equal(r.dialog.facts.history, "bEeAaMmDdQq");
}

static void test_too_many_commands_end_the_client(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_CLIENT, "EHLO a.example\r\n");
	for (int i = 0; i < 100; i++) /* a row of them is nothing special */
		SAY(SIDE_CLIENT, "RCPT TO:<b@b>\r\n");
	assert_int_equal(r.dialog.mode[SIDE_CLIENT], SMTP_MODE_LINES);
	for (int i = 0; i < SMTP_COMMANDS_MAX; i++)
		SAY(SIDE_CLIENT, "MAIL FROM:<>\r\n");
	assert_int_equal(r.dialog.mode[SIDE_CLIENT], SMTP_MODE_OVER);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n250-x\r\n250 STARTTLS\r\n");
	assert_true(r.dialog.facts.seen & SMTP_OFFERED);
}

static void test_long_lines(void **state)
{
	static char line[2 * SMTP_LINE_MAX];
	static struct run r;

	(void)state;
	memset(line, 'a', sizeof(line));
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	deliver(&r, SIDE_CLIENT, line, sizeof(line));
	SAY(SIDE_CLIENT, "\r\nEHLO ");
	deliver(&r, SIDE_CLIENT, line, 300);
	SAY(SIDE_CLIENT, "\r\n");
	SAY(SIDE_SERVER, "500 too long\r\n250-x\r\n250 STARTTLS\r\n");
	assert_true(r.dialog.facts.seen & SMTP_OFFERED);
	assert_int_equal(strlen(r.dialog.facts.helo), SMTP_HELO_MAX - 1);

	start(&r, false);
	deliver(&r, SIDE_CLIENT, line, sizeof(line));
	assert_int_equal(r.dialog.facts.seen, SMTP_FOREIGN);
}

static void test_the_history_has_an_end(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	for (int i = 0; i < 40; i++) {
		SAY(SIDE_CLIENT, "STARTTLS\r\n");
		SAY(SIDE_SERVER, "454 no\r\n");
	}
	assert_int_equal(strlen(r.dialog.facts.history), SMTP_HISTORY_MAX - 1);
}

/* A chunk with a hole that ends inside it is counted down; one that ends behind it makes the rest
 * unsure. */
static void test_holes_in_a_chunk(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "BDAT 100 LAST\r\nabc");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 97);
	SAY(SIDE_CLIENT, "EHLO a.example\r\n");
	assert_string_equal(r.dialog.facts.helo, "a.example");

	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "BDAT 100 LAST\r\nabc");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 0);
	SAY(SIDE_CLIENT, "EHLO evil.example\r\n");
	assert_string_equal(r.dialog.facts.helo, "");
}

static void test_the_body_ends_behind_a_stray_cr(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "DATA\r\n");
	SAY(SIDE_SERVER, "354 go\r\n");
	SAY(SIDE_CLIENT, "x\r\r\n.\r\nQUIT\r\n");
	assert_string_equal(r.dialog.facts.history, "bDQ");
}

/* The front of what waits is missing: its look says nothing about what was sent there. */
static void test_a_hole_behind_starttls_is_no_injection(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "STARTTLS\r\n");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 50);
	SAY(SIDE_CLIENT, "the rest of a hello");
	SAY(SIDE_SERVER, "220 go\r\n");
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_false(r.dialog.facts.seen & SMTP_INJECTED);
	assert_int_equal(r.used[SIDE_CLIENT], 10);
}

static void test_a_hole_behind_auth(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "AUTH PLAIN\r\n");
	smtp_dialog_gap(&r.dialog, SIDE_CLIENT, 10);
	SAY(SIDE_SERVER, "334 \r\n235 Ok\r\n");
	SAY(SIDE_CLIENT, "STARTTLS\r\n"); /* no response, that is in the hole */
	SAY(SIDE_SERVER, "220 go\r\n");
	assert_true(smtp_dialog_tls_started(&r.dialog));
}

/* Behind a hole, digits may be the end of a number, and replies those to commands before it. */
static void test_a_hole_before_the_reply_to_starttls(void **state)
{
	static struct run r;

	(void)state;
	start(&r, false);
	SAY(SIDE_SERVER, "220 mx.example.org ESMTP\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\nSTARTTLS\r\n");
	smtp_dialog_gap(&r.dialog, SIDE_SERVER, 30);
	SAY(SIDE_SERVER, "577\r\n"); /* of 250 SIZE 1000577 */
	assert_int_equal(r.dialog.queue.count, 2);
	assert_int_equal(r.dialog.facts.banner_code, 220);
	SAY(SIDE_SERVER, "250 Ok\r\n250 Ok\r\n");
	assert_true(smtp_dialog_waiting(&r.dialog));
	SAY(SIDE_SERVER, "220 go\r\n");
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_int_equal(r.dialog.facts.starttls_reply, 220);
	assert_false(r.dialog.facts.seen & SMTP_SAW_CAPABILITIES);
}

static void test_midstream_greeting(void **state)
{
	static struct run r;

	(void)state;
	start(&r, true);
	SAY(SIDE_SERVER, "220 2.0.0 SMTP server ready\r\n"); /* Exchange's reply to STARTTLS */
	assert_string_equal(r.dialog.facts.banner, "");
	SAY(SIDE_CLIENT, CLIENT_HELLO);
	assert_true(smtp_dialog_tls_started(&r.dialog));
	assert_int_equal(r.dialog.facts.starttls_reply, 220);
	assert_int_equal(r.used[SIDE_CLIENT], 0);

	start(&r, true);
	SAY(SIDE_SERVER, "220 mx.example.org ready\r\n");
	SAY(SIDE_CLIENT, "EHLO a.example\r\n");
	assert_string_equal(r.dialog.facts.banner, "mx.example.org ready");
	assert_string_equal(r.dialog.facts.helo, "a.example");
}

static void check_transcript(const char *name, const char *expected)
{
	static struct run r;
	const struct script *s = scripts;
	char text[512];

	while (s < scripts + SCRIPTS && strcmp(s->name, name) != 0)
		s++;
	assert_true(s < scripts + SCRIPTS);
	start(&r, false);
	for (size_t i = 0; i < count_events(s); i++) {
		r.dialog.clock = (uint32_t)i + 1;
		deliver(&r, s->events[i].side, s->events[i].bytes, s->events[i].length);
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

static void test_transcript_is_bounded(void **state)
{
	static struct run r;
	struct smtp_facts *f = &r.dialog.facts;

	(void)state;
	start(&r, false);
	deliver(&r, SIDE_SERVER, "220 mx.example.org ESMTP\r\n", 26);
	for (int i = 0; i < 50; i++) {
		deliver(&r, SIDE_CLIENT, "NOOP\r\n", 6);
		deliver(&r, SIDE_SERVER, "250 Ok\r\n", 8);
	}
	assert_int_equal(f->event_count, SMTP_EVENTS_MAX);
	assert_int_equal(f->event_count + f->events_lost, 101);
	start(&r, false);
	for (int i = 0; i < 50; i++) {
		deliver(&r, SIDE_CLIENT, "RCPT TO:<a@example.org>\r\n", 25);
		deliver(&r, SIDE_SERVER, "250 Ok\r\n", 8);
	}
	assert_int_equal(f->event_count, 2);
	assert_int_equal(f->events[0].times, 50);
	assert_int_equal(f->events[1].times, 50);
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
	    cmocka_unit_test(test_only_the_client_is_seen),
	    cmocka_unit_test(test_a_body_is_told_from_commands),
	    cmocka_unit_test(test_a_response_of_auth_is_passed_over),
	    cmocka_unit_test(test_nothing_secret_is_kept),
	    cmocka_unit_test(test_too_many_commands_end_the_client),
	    cmocka_unit_test(test_long_lines),
	    cmocka_unit_test(test_the_history_has_an_end),
	    cmocka_unit_test(test_holes_in_a_chunk),
	    cmocka_unit_test(test_the_body_ends_behind_a_stray_cr),
	    cmocka_unit_test(test_a_hole_behind_starttls_is_no_injection),
	    cmocka_unit_test(test_a_hole_behind_auth),
	    cmocka_unit_test(test_a_hole_before_the_reply_to_starttls),
	    cmocka_unit_test(test_midstream_greeting),
	    cmocka_unit_test(test_transcript),
	    cmocka_unit_test(test_transcript_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
