/* One file of a set: its bytes, what it includes, its sections. The rules are only noted: they are
 * read when all names are known. */
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_partners(struct loader *l, size_t file, const yaml_node_t *root);

/* ---- Bytes ---- */

#define WHY_MAX 256

/* Who is refused may be another than who started the program. */
static void say_refused(char why[WHY_MAX])
{
	int reason = errno;
	const struct passwd *user = reason == EACCES ? getpwuid(geteuid()) : NULL;

	if (user != NULL)
		snprintf(
		    why, WHY_MAX, "%s; let user %.64s read it", strerror(reason), user->pw_name);
	else
		snprintf(why, WHY_MAX, "%s; mend the path or its rights", strerror(reason));
}

/* Opens a regular file of a bearable size; -1, and why not. */
static int open_file(const char *path, struct stat *status, char why[WHY_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, status) != 0)
		say_refused(why);
	else if (!S_ISREG(status->st_mode))
		snprintf(why, WHY_MAX, "it is no file; mend the path");
	else if (status->st_size > RULES_FILE_MAX)
		snprintf(why, WHY_MAX, "it is larger than 1 MiB; split it");
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool read_bytes(int fd, struct source *s)
{
	ssize_t got;

	s->raw = malloc(RULES_FILE_MAX);
	if (s->raw == NULL)
		return false;
	do {
		got = read(fd, s->raw + s->size, RULES_FILE_MAX - s->size);
		s->size += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got == 0;
}

/* ---- Files ---- */

bool loader_replaces(const struct loader *l, size_t outer, size_t inner)
{
	return (l->files[outer].includes >> inner & 1) != 0;
}

static bool find_file(const struct loader *l, const struct stat *status, size_t *index)
{
	for (size_t i = 0; i < l->file_count; i++)
		if (l->files[i].inode == status->st_ino && l->files[i].device == status->st_dev) {
			*index = i;
			return true;
		}
	return false;
}

/* Beside the file that includes it, else among the packs. */
static const char *include_path(struct loader *l, size_t file, const char *name)
{
	const char *from = l->files[file].source.name, *slash = strrchr(from, '/');
	char path[4096];

	if (name[0] == '/')
		return arena_text(l->compiler.arena, name, strlen(name));
	snprintf(
	    path, sizeof(path), "%.*s%s", slash == NULL ? 0 : (int)(slash - from) + 1, from, name);
	if (access(path, F_OK) != 0 && l->packs != NULL)
		snprintf(path, sizeof(path), "%s/%s", l->packs, name);
	return arena_text(l->compiler.arena, path, strlen(path));
}

static void read_includes(struct loader *l, size_t file, const yaml_node_t *root)
{
	const yaml_node_t *node = loader_value(l, file, root, "include");
	struct loader_items items = loader_items(node);

	for (size_t i = 0; i < items.count; i++) {
		const yaml_node_t *item = loader_item(l, file, &items, i);
		struct rules_place place = source_place(&l->files[file].source, item);
		struct rules_text text;
		size_t inner;

		if (loader_text(l, file, item, "an include", &text) &&
		    loader_read_file(l, include_path(l, file, text.text), &place, &inner) &&
		    inner != file)
			l->files[file].includes |= UINT32_C(1) << inner | l->files[inner].includes;
	}
	l->files[file].includes &= ~(UINT32_C(1) << file);
}

static void note_rule(struct loader *l, size_t file, const yaml_node_t *node)
{
	struct raw_rule *raw;
	const yaml_node_t *name;

	if (node->type != YAML_MAPPING_NODE) {
		loader_error(l, file, node, "a rule must be a map; write - name: NAME");
		return;
	}
	arena_grow(l->compiler.arena, &l->rules, l->rule_count, sizeof(*l->rules));
	raw = &l->rules[l->rule_count++];
	*raw = (struct raw_rule){.file = file, .node = node};
	name = loader_value(l, file, node, "name");
	if (name == NULL)
		loader_error(l, file, node, "a rule without a name; add name:");
	else if (loader_check_name(l, file, name, "rule", true))
		raw->name =
		    arena_text(l->compiler.arena, loader_scalar(name), strlen(loader_scalar(name)));
	raw->name_node = name;
}

static void note_rules(struct loader *l, size_t file, const yaml_node_t *root)
{
	const yaml_node_t *node = loader_value(l, file, root, "rules");
	struct loader_items items = loader_items(node);

	if (l->rule_count + items.count > RULES_MAX) {
		loader_error(
		    l, file, node, "more than %d rules; put hosts into lists instead", RULES_MAX);
		return;
	}
	for (size_t i = 0; i < items.count; i++)
		note_rule(l, file, loader_item(l, file, &items, i));
}

static void read_sections(struct loader *l, size_t file)
{
	const yaml_node_t *root = yaml_document_get_root_node(&l->files[file].source.document);
	const yaml_node_t *defaults;

	if (root == NULL)
		return; /* an empty file has no rules, and nothing wrong */
	loader_check_scope(l, file, root, KEY_OF_FILE, "a rules file");
	read_includes(l, file, root);
	loader_read_definitions(l, file, root);
	defaults = loader_value(l, file, root, "defaults");
	if (defaults != NULL && loader_check_scope(l, file, defaults, KEY_OF_DEFAULTS, "defaults"))
		l->files[file].defaults = defaults;
	note_rules(l, file, root);
	read_partners(l, file, root);
}

bool loader_read_source(struct loader *l, size_t file)
{
	if (!source_load(&l->files[file].source, l->compiler.errors))
		return false;
	read_sections(l, file);
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void mark_scopes(struct loader *l, size_t from)
{
	for (size_t i = from; i < l->rule_count; i++)
		l->rules[i].scope =
		    l->rules[i].name != NULL && ends_with(l->rules[i].name, "-scope");
}

/* What they become stands in a file of its own, which this one includes. */
static void read_partners(struct loader *l, size_t file, const yaml_node_t *root)
{
	struct loaded *made = &l->files[l->file_count];
	size_t index = l->file_count, rules = l->rule_count;
	char name[4096], *text;
	size_t size;

	if (!loader_write_partners(l, file, root, &text, &size))
		return;
	if (l->file_count == RULES_FILES_MAX) {
		loader_error(l, file, root, "more than %d files; join some", RULES_FILES_MAX);
		free(text);
		return;
	}
	snprintf(name, sizeof(name), "%s (partners)", l->files[file].source.name);
	made->source = (struct source){
	    .name = arena_text(l->compiler.arena, name, strlen(name)), .raw = text, .size = size};
	l->file_count++;
	l->files[file].includes |= UINT32_C(1) << index;
	loader_read_source(l, index);
	mark_scopes(l, rules);
}

static bool add_file(
    struct loader *l, const char *path, int fd, const struct stat *status, size_t *index)
{
	struct loaded *f = &l->files[l->file_count];
	const struct rules_place place = {.file = path};

	*index = l->file_count++;
	f->source.name = path;
	f->device = status->st_dev;
	f->inode = status->st_ino;
	if (!read_bytes(fd, &f->source)) {
		rules_error(l->compiler.errors, &place, "cannot be read: %s", strerror(errno));
		return false;
	}
	return loader_read_source(l, *index);
}

bool loader_read_file(
    struct loader *l, const char *path, const struct rules_place *from, size_t *index)
{
	const struct rules_place whole = {.file = path};
	struct stat status;
	char why[WHY_MAX];
	int fd = open_file(path, &status, why);
	bool good;

	if (fd < 0) {
		if (from == NULL)
			rules_error(l->compiler.errors, &whole, "cannot be read: %s", why);
		else
			rules_error(l->compiler.errors, from, "cannot read %s: %s", path, why);
		return false;
	}
	if (find_file(l, &status, index)) {
		good = true;
	} else if (l->file_count == RULES_FILES_MAX) {
		rules_error(
		    l->compiler.errors, from, "more than %d files; join some", RULES_FILES_MAX);
		good = false;
	} else {
		good = add_file(l, path, fd, &status, index);
	}
	close(fd);
	return good;
}
