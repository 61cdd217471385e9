/*
 * The rules file: YAML (libyaml) -> rules whose conditions are parsed, type-checked and compiled. A
 * file is whole or it is refused: every error of it and of what it includes is told, a line each,
 * as "file:line:column: what; mend".
 *
 *   include: [legacy-tls.yaml]         read first; a name defined here replaces the same name from
 * there networks: {own: [192.0.2.0/24]}    `own` tells inbound from outbound lists: {partners:
 * [...]}           used as @partners macros: {old: tls.version < 1.2}   used as old defaults:
 * {then: [log]}            for rules without their own: then, every, for, resolve, severity, key
 *   disable: [rule-name]               rules that an include brought and that are not wanted
 *   partners: [{name, domains, tls, ...}]  what partners must do (partners.h)
 *   enforcement: {rules, stages, ...}  who is held to the rules, and how (enforcement.h)
 *   rules: [{name, description, message, when, severity, key, every, for, resolve, then, tags,
 * references}]
 */
#ifndef TLSVANE_RULES_RULE_FILE_H
#define TLSVANE_RULES_RULE_FILE_H

#include "actions.h"
#include "value.h"

#define RULES_FILE_MAX	     (1024 * 1024) /* bytes of one file */
#define RULES_FILES_MAX	     32		   /* files of one set: includes and their includes */
#define RULES_MAX	     10000	   /* rules of one set */
#define RULES_NAME_MAX	     64	    /* bytes of a rule's, list's, macro's or network's name */
#define RULES_ITEMS_MAX	     100000 /* items of one list or network */
#define RULES_EXPRESSION_MAX 8192   /* bytes of one condition or macro */
#define RULES_NODES_MAX	     2000   /* nodes of one condition, its macros unfolded */
#define RULES_DEPTH_MAX	     32	 /* parentheses, nots, macros, lists and YAML inside each other */
#define RULES_PARTS_MAX	     32	 /* fields and texts of one template */
#define RULES_TEXTS_MAX	     32	 /* texts of one parameter: recipients, a command's words */
#define RULES_ERRORS_MAX     100 /* errors told of one set; then "and more" */

enum rules_severity {
	SEVERITY_INFO,
	SEVERITY_NOTICE,
	SEVERITY_WARNING, /* the default */
	SEVERITY_ERROR,
	SEVERITY_CRITICAL,
	SEVERITIES,
};

extern const char *const rules_severity_words[SEVERITIES];

/* Where something stands; lines and columns (in characters) count from 1. */
struct rules_place {
	const char *file;
	unsigned line, column;
};

/* Text with {field}s: parts in their order. */
struct rules_template_part {
	const char *text; /* NULL: a field */
	uint16_t slot;
};

struct rules_template {
	const struct rules_template_part *parts;
	size_t count;
	const char *source; /* as written */
};

/* One parameter of an action, or a list of parameters: checked against action_kinds[], so that
 * types hold. */
struct rules_parameter {
	const struct action_parameter *is; /* its row of the table */
	struct rules_place place;
	const char *text; /* TEXT, PATH, and as written for NUMBER, WORD, DURATION, BOOLEAN */
	uint64_t number;  /* NUMBER; DURATION in ns; BOOLEAN; WORD its index */
	const struct rules_template *templates; /* TEMPLATE, TEMPLATES */
	size_t template_count;
};

struct rules_action {
	const struct action_kind *kind;
	struct rules_place place;
	const struct rules_parameter *parameters; /* in the order of the file */
	size_t parameter_count;
};

/* The parameter of a name, NULL where it was not given. */
const struct rules_parameter *rules_action_parameter(
    const struct rules_action *action, const char *name);

struct condition; /* expression.h */

struct rule {
	const char *name; /* unique in the set; letters, digits, "-", "_", "." */
	const char *description;
	struct rules_template
	    message; /* what an alert says; where absent, the description as it is */
	enum rules_severity severity;
	const struct rules_template
	    *key; /* what groups its alerts; never empty: the host pair where nothing is said */
	size_t key_count;
	uint64_t every_ns;   /* at most one message a key in so long; 0: not said, then
				LIMIT_ALERT_EVERY_S */
	uint64_t for_ns;     /* seen for so long before it fires; 0: at once */
	uint64_t resolve_ns; /* resolved when clean (the condition false, not unknown) for so long;
				0: the engine's default */
	const struct rules_action *actions;
	size_t action_count;
	const char *const *tags, *const *references;
	size_t tag_count, reference_count;
	struct condition *condition;
	bool needs_history; /* its condition, key, message or actions ask for history */
	struct rules_place place;
};

struct rule_file;
struct enforcement;

/* What was wrong: lines without their newline, in the order of files and lines. */
struct rules_errors {
	char **lines;
	size_t count;
	bool more;			  /* beyond RULES_ERRORS_MAX */
	struct rules_error_place *places; /* of lines, for their order */
};

/*
 * Loads a file (a name without a folder: here, then in `packs`, which may be NULL) and all that it
 * includes (relative to itself, then in `packs`).
 * Returns it, or NULL when anything is wrong: then errors->lines say what. The caller frees both,
 * each in every case.
 */
struct rule_file *rule_file_load(const char *path, const char *packs, struct rules_errors *errors);

/* The same from memory; `name` stands for the path in errors, and includes are looked up beside it.
 */
struct rule_file *rule_file_parse(const char *name, const char *text, size_t size,
    const char *packs, struct rules_errors *errors);
void rule_file_free(struct rule_file *file);
void rules_errors_free(struct rules_errors *errors);

size_t rule_file_count(const struct rule_file *file);
const struct rule *rule_file_rule(const struct rule_file *file, size_t i);
const struct rule *rule_file_find(const struct rule_file *file, const char *name);

/* Its enforcement (enforcement.h), or that of a file that it includes; NULL where there is none. */
const struct enforcement *rule_file_enforcement(const struct rule_file *file);

/* Whether any of its rules needs history; the slots of history that any asks for are told by
 * rule_file_asks(). */
bool rule_file_needs_history(const struct rule_file *file);
bool rule_file_asks(const struct rule_file *file, uint16_t slot);

/* How often a regular expression gave up at its limits (its clause was unknown then) since the file
 * was loaded. */
uint64_t rule_file_gave_up(const struct rule_file *file);

/* The network `name` holds the address; false where there is no such network. */
bool rule_file_in_network(
    const struct rule_file *file, const char *name, const struct frame_address *address);

#endif
