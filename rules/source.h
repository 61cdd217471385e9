/* A rules file as YAML: its bytes, its document, and where in the file a byte of a scalar stands.
 */
#ifndef TLSVANE_RULES_SOURCE_H
#define TLSVANE_RULES_SOURCE_H

#include <yaml.h>

#include "rule_file.h"

struct source {
	const char *name; /* as errors name it; the arena's */
	char *raw;	  /* owned: malloc */
	size_t size;
	yaml_document_t document;
	bool loaded;
};

/* A scalar of it; the text is the document's. */
struct rules_text {
	const char *text;
	size_t length;
	const struct source *source;
	const yaml_node_t *node;
};

/* Parses source->raw. False when it is no YAML, and has said so. */
bool source_load(struct source *s, struct rules_errors *errors);
void source_close(struct source *s);

struct rules_place source_place(const struct source *s, const yaml_node_t *node);

/* Where byte `offset` of the text stands in the file, whatever its quotes, escapes and folded
 * lines. */
struct rules_place rules_text_place(const struct rules_text *t, size_t offset);

#endif
