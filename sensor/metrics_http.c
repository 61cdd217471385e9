/* libmicrohttpd by dlopen. */
#include "metrics_http.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libmicrohttpd.so.12"

#define ROW(member)                                                                                \
	{                                                                                          \
		"MHD_" #member, offsetof(struct metrics_http, member)                              \
	}

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
    ROW(start_daemon),
    ROW(stop_daemon),
    ROW(run),
    ROW(get_daemon_info),
    ROW(create_response_from_buffer),
    ROW(add_response_header),
    ROW(queue_response),
    ROW(destroy_response),
};

const struct metrics_http *metrics_http(char *why, size_t size)
{
	static struct metrics_http http;
	static void *library;
	void *symbol;

	if (library == NULL)
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		symbol = library == NULL ? NULL : dlsym(library, rows[i].name);
		if (symbol == NULL) {
			snprintf(why, size, "%s: install libmicrohttpd12", dlerror());
			return NULL;
		}
		memcpy((char *)&http + rows[i].offset, &symbol, sizeof(symbol));
	}
	return &http;
}
