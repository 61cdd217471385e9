/* The last session of a kind, kept whole: by its pair, its server and its client together. */
#include <stdlib.h>
#include <string.h>

#include "../parsers/smtp_dialog.h"
#include "tally_entry.h"

/* The record with those texts alone that the transcript shows; the others stand in the server's and
 * client's own fields. */
#define TEXTS_MAX (SMTP_BANNER_MAX + SMTP_HELO_MAX + SMTP_OTHERS_MAX + 1)

struct tally_evidence {
	unsigned references;
	char *json;	      /* from a spool; NULL: the record */
	unsigned char head[]; /* record_size() bytes */
};

static void keep_evidence_text(
    struct record *to, uint16_t *field, const struct record *r, uint16_t from)
{
	*field = 0;
	if (from != 0)
		record_set_text(to, field, record_text(r, from));
}

struct tally_evidence *tally_evidence_new(const struct record *r)
{
	struct tally_evidence *evidence;
	struct record kept;

	record_init(&kept);
	memcpy(&kept, r, offsetof(struct record, protocol));
	keep_evidence_text(&kept, &kept.banner, r, r->banner);
	keep_evidence_text(&kept, &kept.helo, r, r->helo);
	keep_evidence_text(&kept, &kept.other_capabilities, r, r->other_capabilities);
	evidence = malloc(sizeof(*evidence) + record_size(&kept));
	if (evidence == NULL)
		return NULL;
	evidence->references = 1;
	evidence->json = NULL;
	memcpy(evidence->head, &kept, record_size(&kept));
	return evidence;
}

bool tally_evidence_wants(enum tally_evidence_kind kind, const struct record *r)
{
	switch (kind) {
	case TALLY_EVIDENCE_LEGACY:
		return record_is_legacy(r);
	case TALLY_EVIDENCE_FAILURE:
		return record_is_failure(r);
	case TALLY_EVIDENCE_FALLBACK:
		return r->fallback == RECORD_TRUE;
	default:
		return r->stripping == RECORD_TRUE;
	}
}

struct tally_evidence *tally_evidence_from_json(const char *json)
{
	struct tally_evidence *evidence = calloc(1, sizeof(*evidence));

	if (evidence == NULL)
		return NULL;
	evidence->references = 1;
	evidence->json = strdup(json);
	if (evidence->json == NULL) {
		free(evidence);
		return NULL;
	}
	return evidence;
}

void tally_evidence_release(struct tally_evidence *evidence)
{
	if (evidence == NULL || --evidence->references > 0)
		return;
	free(evidence->json);
	free(evidence);
}

/* Bytes of a record's JSON with those texts: escapes may make a byte of them six. */
#define EVIDENCE_JSON_MAX (4096 + 6 * TEXTS_MAX)

const char *tally_evidence_json(struct tally_evidence *evidence)
{
	static char line[EVIDENCE_JSON_MAX];
	FILE *to;

	if (evidence->json != NULL)
		return evidence->json;
	to = fmemopen(line, sizeof(line), "w");
	if (to == NULL)
		return NULL;
	record_write_json(to, (const struct record *)(const void *)evidence->head);
	fclose(to);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void tally_entry_set_evidence(struct tally_entry *e, enum tally_evidence_kind kind,
    struct tally_evidence *evidence, uint64_t ms)
{
	if (ms < e->evidence_ms[kind])
		return;
	evidence->references++;
	tally_evidence_release(e->evidence[kind]);
	e->evidence[kind] = evidence;
	e->evidence_ms[kind] = ms;
}
