/* The section `enforcement` of a rules file. */
#include <string.h>

#include "enforcement.h"
#include "keys.h"
#include "literal.h"
#include "loader.h"
#include "spelling.h"

#define HOUR_NS	  UINT64_C(3600000000000)
#define LEAVES_MS (7 * UINT64_C(86400000))
#define PAUSE_MS  (90 * UINT64_C(86400000))
#define DAYS_MAX  3660
#define NS_PER_MS 1000000

static bool read_duration(struct loader *l, size_t file, const yaml_node_t *map, const char *key,
    uint64_t most_ns, uint64_t *ms)
{
	const yaml_node_t *node = loader_value(l, file, map, key);
	struct rules_text text;
	uint64_t ns;

	if (node == NULL)
		return true;
	if (!loader_text(l, file, node, key, &text))
		return false;
	if (!literal_duration(text.text, &ns)) {
		loader_error(
		    l, file, node, "\"%s\" is no duration; write 5m, 12h or 7d", text.text);
		return false;
	}
	if (ns > most_ns) {
		loader_error(l, file, node, "%s is more than there is; shorten it", key);
		return false;
	}
	*ms = ns / NS_PER_MS;
	return true;
}

/* ---- Stages ---- */

static bool read_day(struct loader *l, size_t file, const yaml_node_t *map, uint64_t *day)
{
	const yaml_node_t *node = loader_value(l, file, map, "day");
	const char *text = loader_scalar(node), *at = text;

	*day = 0;
	for (; *at >= '0' && *at <= '9' && *day <= DAYS_MAX; at++)
		*day = *day * 10 + (uint64_t)(*at - '0');
	if (*at == '\0' && at > text && *day <= DAYS_MAX)
		return true;
	loader_error(l, file, node == NULL ? map : node, "a stage begins at a day; write day: 30");
	return false;
}

static bool read_stage(
    struct loader *l, size_t file, const yaml_node_t *map, struct enforcement_stage *s)
{
	if (map->type != YAML_MAPPING_NODE) {
		loader_error(l, file, map, "a stage is a map; write {day: 30, throttle: 5m}");
		return false;
	}
	if (!loader_check_scope(l, file, map, KEY_OF_STAGE, "a stage") ||
	    !read_day(l, file, map, &s->day) ||
	    !read_duration(l, file, map, "throttle", HOUR_NS, &s->throttle_ms) ||
	    !read_duration(l, file, map, "block", HOUR_NS, &s->block_ms))
		return false;
	if (s->throttle_ms + s->block_ms <= HOUR_NS / NS_PER_MS)
		return true;
	loader_error(l, file, map, "throttle and block are more than an hour; shorten one");
	return false;
}

/* An array of them; 0 where they are wrong, and has said so. */
static size_t read_stages(
    struct loader *l, size_t file, const yaml_node_t *map, struct enforcement_stage *stages)
{
	const yaml_node_t *node = loader_value(l, file, map, "stages");
	struct loader_items items = loader_items(node);

	if (items.count == 0 || items.count > ENFORCEMENT_STAGES_MAX) {
		loader_error(l, file, node == NULL ? map : node,
		    "enforcement has %zu stages; write 1 to %d", items.count,
		    ENFORCEMENT_STAGES_MAX);
		return 0;
	}
	for (size_t i = 0; i < items.count; i++) {
		const yaml_node_t *item = loader_item(l, file, &items, i);

		if (!read_stage(l, file, item, &stages[i]))
			return 0;
		if (i == 0 ? stages[0].day != 0 : stages[i].day <= stages[i - 1].day) {
			loader_error(l, file, item,
			    i == 0 ? "the first stage is not of day 0; begin with {day: 0}"
				   : "stages go from day to day; put them into order");
			return 0;
		}
	}
	return items.count;
}

/* ---- The rest ---- */

static bool read_rules(struct loader *l, size_t file, const yaml_node_t *map, struct enforcement *e)
{
	const yaml_node_t *node = loader_value(l, file, map, "rules");
	struct loader_items items = loader_items(node);
	const struct rule **rules =
	    arena_get(l->compiler.arena, (items.count + 1) * sizeof(struct rule *));

	if (items.count == 0) {
		loader_error(l, file, map, "enforcement of which rules? add rules: [NAME]");
		return false;
	}
	for (size_t i = 0; i < items.count; i++) {
		const yaml_node_t *item = loader_item(l, file, &items, i);
		const char *name = loader_scalar(item);
		struct spelling near = spelling_of(name);

		rules[i] = names_find(&l->file->names, name);
		for (size_t k = 0; rules[i] == NULL && k < l->file->count; k++)
			spelling_try(&near, l->file->rules[k]->name);
		if (rules[i] == NULL && l->compiler.errors->count > 0)
			return false; /* it may be the one that is wrong */
		if (rules[i] == NULL) {
			loader_error(l, file, item, "there is no rule %s%s%s%s", name,
			    near.best == NULL ? "; include its file" : "; did you mean ",
			    near.best == NULL ? "" : near.best, near.best == NULL ? "" : "?");
			return false;
		}
	}
	e->rules = rules;
	e->rule_count = items.count;
	return true;
}

static bool read_hosts(struct loader *l, size_t file, const yaml_node_t *map, bool *servers)
{
	const yaml_node_t *node = loader_value(l, file, map, "hosts");
	const char *text = node == NULL ? "clients" : loader_scalar(node);

	*servers = strcmp(text, "servers") == 0;
	if (*servers || strcmp(text, "clients") == 0)
		return true;
	loader_error(l, file, node, "hosts are clients or servers, not \"%s\"", text);
	return false;
}

/* One line of a reply: printable ASCII. */
static bool read_because(
    struct loader *l, size_t file, const yaml_node_t *map, const char **because)
{
	const yaml_node_t *node = loader_value(l, file, map, "because");
	struct rules_text text;
	size_t plain = 0;

	*because = "breaks the TLS policy";
	if (node == NULL)
		return true;
	if (!loader_text(l, file, node, "because", &text))
		return false;
	while (text.text[plain] >= ' ' && text.text[plain] <= '~' && text.text[plain] != '"' &&
	       text.text[plain] != '\\' && text.text[plain] != '$')
		plain++;
	if (text.length < ENFORCEMENT_BECAUSE_MAX && plain == text.length) {
		*because = arena_text(l->compiler.arena, text.text, text.length);
		return true;
	}
	loader_error(l, file, node,
	    "because goes into replies: at most %d plain characters without \", \\ and $",
	    ENFORCEMENT_BECAUSE_MAX - 1);
	return false;
}

void loader_read_enforcement(struct loader *l, size_t file, const yaml_node_t *root)
{
	const yaml_node_t *map = root == NULL ? NULL : loader_value(l, file, root, "enforcement");
	struct enforcement *e;
	struct enforcement_stage *stages;

	if (map == NULL)
		return;
	if (map->type != YAML_MAPPING_NODE) {
		loader_error(l, file, map, "enforcement must be a map; write rules: and stages:");
		return;
	}
	e = arena_get(l->compiler.arena, sizeof(*e));
	stages = arena_get(l->compiler.arena, ENFORCEMENT_STAGES_MAX * sizeof(*stages));
	*e = (struct enforcement){.leaves_ms = LEAVES_MS, .pause_ms = PAUSE_MS, .stages = stages};
	if (!loader_check_scope(l, file, map, KEY_OF_ENFORCEMENT, "enforcement") ||
	    !read_rules(l, file, map, e) || !read_hosts(l, file, map, &e->servers) ||
	    !read_because(l, file, map, &e->because) ||
	    !read_duration(l, file, map, "leaves", UINT64_MAX, &e->leaves_ms) ||
	    !read_duration(l, file, map, "pause", 366 * 24 * HOUR_NS, &e->pause_ms))
		return;
	e->stage_count = read_stages(l, file, map, stages);
	if (e->stage_count > 0)
		l->file->enforcement = e;
}
