/* tlsvane pairs: who talked with whom, and how. */
#include "commands.h"
#include "pair_rows.h"
#include "say.h"
#include "seen.h"

struct wanted {
	const struct options *options;
	struct totals_list pairs;
};

/* Whoever was at fault: so legacy_last, which knows only some, does not do. */
static bool legacy_since(const struct totals *p, uint64_t since_ms)
{
	const struct count *c = NULL;

	while ((c = counts_next(&p->counts, COUNT_VERSION, c)) != NULL)
		if (version_is_legacy(c->name) && (c->last_ms == 0 || c->last_ms >= since_ms))
			return true;
	return totals_is_legacy(p) && p->legacy_ms >= since_ms;
}

static bool is_wanted(const struct options *o, const struct totals *p)
{
	if (p->last_ms < o->since_ms || (o->legacy && !legacy_since(p, o->since_ms)))
		return false;
	return !o->plaintext || (p->plaintext_ms != 0 && p->plaintext_ms >= o->since_ms);
}

static bool take(void *context, struct totals *pair)
{
	struct wanted *w = context;

	if (is_wanted(w->options, pair))
		return totals_list_add(&w->pairs, pair);
	totals_free(pair);
	return true;
}

static int write_pairs(struct totals_list *pairs, const struct options *o)
{
	struct table *t = pair_rows_table(stdout, o, NULL);
	size_t rows = o->limit != 0 && o->limit < pairs->count ? o->limit : pairs->count;

	if (t == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	pair_rows_sort(pairs, o->by_sessions ? ORDER_SESSIONS : ORDER_LAST);
	for (size_t i = 0; i < rows && table_alive(t); i++)
		pair_rows_put(t, &pairs->items[i]);
	table_finish(t);
	return 0;
}

static void write_count(FILE *to, const struct totals_list *pairs, const struct options *o)
{
	char text[COUNT_TEXT_MAX];

	if (o->limit != 0 && o->limit < pairs->count)
		fprintf(to, "\n%s; the first %zu are shown (--limit).\n",
		    count_text(pairs->count, "pair", "pairs", text), o->limit);
	else
		fprintf(to, "\n%s.\n", count_text(pairs->count, "pair", "pairs", text));
}

int cmd_pairs(const struct options *o)
{
	struct wanted wanted = {.options = o};
	struct texts keys = {0};
	int status;
	struct query *q = query_open(o, &status);

	if (q == NULL)
		return status;
	status =
	    query_keys(q, "tlsvane:pair:*", &keys) && totals_read(q, &keys, false, take, &wanted)
		? 0
		: EXIT_FAILED;
	if (status == 0)
		status = write_pairs(&wanted.pairs, o);
	if (status == 0 && wanted.pairs.count == 0)
		status = seen_say_none(q, o,
		    o->plaintext ? "No host pair was seen to send mail in the clear"
		    : o->legacy	 ? "No host pair was seen to speak TLS below 1.2"
				 : "No host pair was seen");
	else if (status == 0 && o->format == OUTPUT_TABLE)
		write_count(stdout, &wanted.pairs, o);
	if (status == 0)
		status = seen_say_health(q, o);
	totals_list_free(&wanted.pairs);
	texts_free(&keys);
	query_close(q);
	return status;
}
