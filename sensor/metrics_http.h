/*
 * libmicrohttpd, loaded where --metrics asks for it: it brings GnuTLS, which no process that reads
 * strangers' bytes should have in its memory.
 */
#ifndef TLSVANE_METRICS_HTTP_H
#define TLSVANE_METRICS_HTTP_H

#include <microhttpd.h>
#include <stddef.h>

struct metrics_http {
	__typeof__(&MHD_start_daemon) start_daemon;
	__typeof__(&MHD_stop_daemon) stop_daemon;
	__typeof__(&MHD_run) run;
	__typeof__(&MHD_get_daemon_info) get_daemon_info;
	__typeof__(&MHD_create_response_from_buffer) create_response_from_buffer;
	__typeof__(&MHD_add_response_header) add_response_header;
	__typeof__(&MHD_queue_response) queue_response;
	__typeof__(&MHD_destroy_response) destroy_response;
};

/* Its functions. NULL: `why` (of `size` bytes) says what is missing. */
const struct metrics_http *metrics_http(char *why, size_t size);

#endif
