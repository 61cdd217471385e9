/* The code points of a field that have IANA names. */
#include "codes.h"

#include <pthread.h>
#include <string.h>

#define KINDS 4 /* cipher suites, groups, alerts, and room for one */

static struct kind {
	const char *(*name)(uint16_t code);
	struct codes codes;
} kinds[KINDS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void collect(struct codes *to, const char *(*name)(uint16_t code))
{
	for (unsigned code = 0; code <= UINT16_MAX && to->count < CODES_MAX; code++) {
		const char *text = name((uint16_t)code);

		if (text == NULL)
			continue;
		to->rows[to->count++] = (struct code_row){(uint16_t)code, text};
		to->named[code / 64] |= UINT64_C(1) << (code % 64);
	}
}

const struct codes *codes_of(const struct rules_field *f)
{
	size_t i = 0;

	pthread_mutex_lock(&lock);
	while (i < KINDS - 1 && kinds[i].name != NULL && kinds[i].name != f->code_name)
		i++;
	if (kinds[i].name == NULL) {
		kinds[i].name = f->code_name;
		collect(&kinds[i].codes, f->code_name);
	}
	pthread_mutex_unlock(&lock);
	return &kinds[i].codes;
}

bool codes_find(const struct codes *c, const char *name, uint16_t *code)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->rows[i].name, name) == 0) {
			*code = c->rows[i].code;
			return true;
		}
	return false;
}
