/* Counts and losses under the sessions of a capture. */
#include "read_footer.h"

#include "../parsers/tls_hello.h"
#include "say.h"
#include "table.h"

enum kind {
	KIND_GOOD,
	KIND_LEGACY,
	KIND_FAILED,
	KIND_PLAINTEXT,
	KIND_REFUSED,
	KIND_NO_MAIL,
	KIND_FOREIGN,
	KIND_UNKNOWN,
	KINDS
};

static const struct {
	const char *text; /* behind a number */
	uint8_t style;
} kinds[KINDS] = {
    [KIND_GOOD] = {"TLS 1.2 or better", STYLE_PLAIN},
    [KIND_LEGACY] = {"below TLS 1.2", STYLE_BAD},
    [KIND_FAILED] = {"failed in the handshake", STYLE_BAD},
    [KIND_PLAINTEXT] = {"in the clear", STYLE_WARN},
    [KIND_REFUSED] = {"without TLS after STARTTLS", STYLE_WARN},
    [KIND_NO_MAIL] = {"without TLS or mail", STYLE_PLAIN},
    [KIND_FOREIGN] = {"not SMTP", STYLE_PLAIN},
    [KIND_UNKNOWN] = {"unknown", STYLE_PLAIN},
};

static enum kind kind_of(const struct record *r)
{
	if (r->outcome == OUTCOME_TLS_FAILED)
		return KIND_FAILED;
	if (r->outcome == OUTCOME_TLS)
		return r->tls_version == 0		 ? KIND_UNKNOWN
		       : r->tls_version < TLS_VERSION_12 ? KIND_LEGACY
							 : KIND_GOOD;
	if (record_is_clear(r))
		return KIND_PLAINTEXT;
	if (r->outcome == OUTCOME_STARTTLS_REFUSED || r->outcome == OUTCOME_STARTTLS_ABANDONED)
		return KIND_REFUSED;
	if (r->outcome == OUTCOME_NO_MAIL || r->plaintext_mail == RECORD_TRUE)
		return KIND_NO_MAIL;
	return r->outcome == OUTCOME_NOT_SMTP ? KIND_FOREIGN : KIND_UNKNOWN;
}

static void write_counts(FILE *to, const struct sessions *s, const struct options *o, bool color)
{
	uint64_t counts[KINDS] = {0};
	char text[COUNT_TEXT_MAX];
	const char *mark = ":";

	for (size_t i = 0; i < s->count; i++)
		counts[kind_of(s->items[i].record)]++;
	fprintf(to, "\n%s", count_text(s->count, "session", "sessions", text));
	for (size_t i = 0; i < KINDS; i++) {
		if (counts[i] == 0)
			continue;
		fprintf(to, "%s %s%s %s%s", mark, style_on(kinds[i].style, color),
		    number_text(counts[i], text), kinds[i].text, style_off(kinds[i].style, color));
		mark = ",";
	}
	fputs(".\n", to);
	if (!o->summary && o->limit != 0 && o->limit < s->count)
		fprintf(to, "The first %zu are shown (--limit).\n", o->limit);
}

/* What went wrong on the way to TLS, by who looks across sessions. */
static void write_trouble(FILE *to, const struct sessions *s, bool color)
{
	static const char *const words[][2] = {
	    {"session shows", "sessions show"},
	    {"session may have been", "sessions may have been"},
	    {"session has", "sessions have"},
	};
	static const char *const ends[] = {"mail in the clear after TLS failed (fallback).",
	    "stripped of STARTTLS on the way.", "bytes injected behind STARTTLS."};
	uint64_t counts[3] = {0};
	char text[COUNT_TEXT_MAX];

	for (size_t i = 0; i < s->count; i++) {
		const struct record *r = s->items[i].record;

		counts[0] += r->fallback == RECORD_TRUE;
		counts[1] += r->stripping == RECORD_TRUE;
		counts[2] +=
		    r->starttls_injected == RECORD_TRUE || r->reply_injected == RECORD_TRUE;
	}
	for (size_t i = 0; i < 3; i++)
		if (counts[i] > 0)
			fprintf(to, "%s%s %s%s\n", style_on(STYLE_BAD, color),
			    count_text(counts[i], words[i][0], words[i][1], text), ends[i],
			    style_off(STYLE_BAD, color));
}

/* Where no session came out: what was there instead. */
static void write_nothing(FILE *to, const struct sessions *s, const struct options *o)
{
	const struct pipeline_stats *stats = &s->stats;
	char text[COUNT_TEXT_MAX];

	if (stats->packets == 0) {
		fputs("The capture holds no packet: nothing was seen, which says nothing about "
		      "TLS.\n",
		    to);
		return;
	}
	fprintf(to, "No SMTP session in %s", count_text(stats->packets, "packet", "packets", text));
	if (stats->sessions > 0) {
		fputs(" since the time given (--since).\n", to);
		return;
	}
	fprintf(to, ": %s on ", count_text(stats->segments, "TCP segment", "TCP segments", text));
	if (o->any_port) {
		fputs("all ports.\n", to);
		return;
	}
	if (o->ports.count == 0)
		fputs("port 25", to);
	for (size_t i = 0; i < o->ports.count; i++)
		fprintf(to, "%s%u",
		    i > 0		 ? ","
		    : o->ports.count > 1 ? "ports "
					 : "port ",
		    o->ports.number[i]);
	fputs(". Is mail on another port? --ports 25,587,465:tls, or --any-port\n", to);
}

static uint64_t not_whole(const struct sessions *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->items[i].record->confidence != CONFIDENCE_FULL;
	return n;
}

static void write_loss(
    FILE *to, uint64_t n, const char *one, const char *many, const char *mend, bool color)
{
	char text[COUNT_TEXT_MAX];

	if (n > 0)
		fprintf(to, "%s%s %s%s\n", style_on(STYLE_WARN, color),
		    count_text(n, one, many, text), mend, style_off(STYLE_WARN, color));
}

/* Of what was followed: nothing is, behind the handshake. */
static void write_missing(FILE *to, const struct pipeline_stats *stats, bool color)
{
	char mend[160];

	snprintf(mend, sizeof(mend),
	    "(%.2f %% of the mail followed) missing from the capture, lost by the SPAN port or the "
	    "sniffer: verdicts may rest on less.",
	    (double)pipeline_loss_ppm(stats) / 1e4);
	write_loss(to, stats->gap_bytes, "byte", "bytes", mend, color);
}

void read_losses_write(FILE *to, const struct sessions *s, bool color)
{
	const struct pipeline_stats *stats = &s->stats;

	write_missing(to, stats, color);
	write_loss(to, stats->cut_bytes, "byte", "bytes",
	    "cut off by the capture's snap length: capture with tcpdump -s 0.", color);
	write_loss(to, stats->flows_evicted, "connection", "connections",
	    "given up for lack of room.", color);
	write_loss(to, stats->sessions_evicted, "dialogue", "dialogues",
	    "not read further for lack of room.", color);
	write_loss(to, stats->held_refused, "segment", "segments",
	    "not kept: too far ahead of their stream, or no room for reassembly.", color);
	write_loss(to, stats->certificates_refused, "certificate was", "certificates were",
	    "too large or too many in a second to be read: only their hash is known.", color);
	write_loss(to, not_whole(s), "session was", "sessions were",
	    "not seen whole; --fields client.ip,server.ip,tlsvane.confidence says why.", color);
}

void read_footer_write(FILE *to, const struct sessions *s, const struct options *o)
{
	bool color = options_color(o, to);

	if (s->count == 0)
		write_nothing(to, s, o);
	else
		write_counts(to, s, o, color);
	write_trouble(to, s, color);
	read_losses_write(to, s, color);
}
