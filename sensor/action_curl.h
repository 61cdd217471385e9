/*
 * libcurl, loaded when the first webhook is called, and only into the process that acts: it brings
 * thirty libraries, which would cost every start of the sensor 5 ms and its memory 6 MB.
 */
#ifndef TLSVANE_ACTION_CURL_H
#define TLSVANE_ACTION_CURL_H

#include <curl/curl.h>
#include <stddef.h>

struct action_curl {
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	const char *(*easy_strerror)(CURLcode);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_add_handle)(CURLM *, CURL *);
	CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
	CURLMcode (*multi_perform)(CURLM *, int *);
	CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned, int, int *);
	CURLMsg *(*multi_info_read)(CURLM *, int *);
};

/* Its functions. NULL: `why` (of `size` bytes) says what is missing. */
const struct action_curl *action_curl(char *why, size_t size);

#endif
