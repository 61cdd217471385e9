/* libcurl by dlopen. */
#include "action_curl.h"

#include "library.h"

#define ROW(member)                                                                                \
	{                                                                                          \
		"curl_" #member, offsetof(struct action_curl, member)                              \
	}

static const struct library_row rows[] = {
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
	static struct library library = {.file = "libcurl.so.4",
	    .package = "libcurl4",
	    .rows = rows,
	    .count = sizeof(rows) / sizeof(rows[0])};

	if (!library_load(&library, &curl, why, size))
		return NULL;
	return curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? &curl : NULL;
}
