/* From a capture to records and no further; prints how many ended in which outcome and version. */
#include <err.h>
#include <stdio.h>

#include "../../parsers/tls_names.h"
#include "../../sensor/capture.h"
#include "../../sensor/pipeline.h"

#define VERSIONS 0x0400 /* TLS 1.3 is 0x0304 */

struct counts {
	struct pipeline *pipeline;
	uint64_t by[OUTCOMES][VERSIONS];
};

static void count_record(void *context, const struct record *r)
{
	struct counts *c = context;

	c->by[r->outcome][r->tls_version % VERSIONS]++;
}

static void take_packet(
    void *context, int link_type, uint64_t ns, const uint8_t *frame, size_t captured, size_t length)
{
	struct counts *c = context;

	pipeline_packet(c->pipeline, link_type, ns, frame, captured, length);
}

static void print_counts(const struct counts *c)
{
	const char *version;

	for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
		for (unsigned v = 0; v < VERSIONS; v++) {
			if (c->by[outcome][v] == 0)
				continue;
			version = tls_version_number((uint16_t)v);
			printf("%s %s %llu\n", record_outcome_name(outcome),
			    version != NULL ? version : "-", (unsigned long long)c->by[outcome][v]);
		}
}

int main(int argc, char **argv)
{
	static struct counts counts;
	struct pipeline_options options = {.sink = count_record, .context = &counts};
	char error[CAPTURE_ERROR_MAX];
	struct capture *capture;
	int count = 0;

	if (argc != 2)
		errx(2, "pipeline FILE");
	capture = capture_open_file(argv[1], error);
	if (capture == NULL)
		errx(2, "%s", error);
	counts.pipeline = pipeline_new(&options);
	if (counts.pipeline == NULL)
		errx(1, "out of memory");
	while (count >= 0)
		count = capture_dispatch(capture, take_packet, &counts, error);
	if (count == -2)
		errx(1, "%s", error);
	pipeline_finish(counts.pipeline);
	print_counts(&counts);
	pipeline_free(counts.pipeline);
	capture_close(capture);
	return 0;
}
