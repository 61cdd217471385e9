/* libmicrohttpd by dlopen. */
#include "metrics_http.h"

#include "library.h"

#define ROW(member)                                                                                \
	{                                                                                          \
		"MHD_" #member, offsetof(struct metrics_http, member)                              \
	}

static const struct library_row rows[] = {
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
	static struct library library = {.file = "libmicrohttpd.so.12",
	    .package = "libmicrohttpd12",
	    .rows = rows,
	    .count = sizeof(rows) / sizeof(rows[0])};

	return library_load(&library, &http, why, size) ? &http : NULL;
}
