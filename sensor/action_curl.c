/* libcurl by dlopen. */
#include "action_curl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

#define ROW(member)                                                                                \
	{                                                                                          \
		"curl_" #member, offsetof(struct action_curl, member)                              \
	}

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
    ROW(global_init),
    ROW(slist_append),
    ROW(slist_free_all),
    ROW(easy_init),
    ROW(easy_cleanup),
    ROW(easy_setopt),
    ROW(easy_getinfo),
    ROW(easy_strerror),
    ROW(multi_init),
    ROW(multi_add_handle),
    ROW(multi_remove_handle),
    ROW(multi_perform),
    ROW(multi_poll),
    ROW(multi_info_read),
};

const struct action_curl *action_curl(char *why, size_t size)
{
	static struct action_curl curl;
	static void *library;
	void *symbol;

	if (library == NULL)
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		symbol = library == NULL ? NULL : dlsym(library, rows[i].name);
		if (symbol == NULL) {
			snprintf(why, size, "%s: install libcurl4", dlerror());
			return NULL;
		}
		memcpy((char *)&curl + rows[i].offset, &symbol, sizeof(symbol));
	}
	return curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? &curl : NULL;
}
