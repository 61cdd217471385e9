/*
 * A spool file. The first byte even: the file as it stands. Odd: its lines, between a good head and
 * a good end, so that what is in them matters. What is taken over can be written and counted, and
 * is the same to a second reading.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "../../sensor/spool.h"
#include "../../sensor/spool_format.h"
#include "../../sensor/tally_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENSOR "fuzz"

static const char head[] = SPOOL_MAGIC "\t" SPOOL_VERSION "\t" SENSOR "\t17\n";

static void put(int fd, const void *bytes, size_t size)
{
	if (size > 0 && write(fd, bytes, size) != (ssize_t)size)
		abort();
}

static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t lines = 0;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

static void put_good(int fd, const uint8_t *lines, size_t size)
{
	XXH3_state_t *hash = XXH3_createState();
	char end[64];

	if (hash == NULL)
		abort();
	XXH3_64bits_reset(hash);
	XXH3_64bits_update(hash, head, sizeof(head) - 1);
	XXH3_64bits_update(hash, lines, size);
	put(fd, head, sizeof(head) - 1);
	put(fd, lines, size);
	snprintf(end, sizeof(end), SPOOL_END "\t%zu\t%016llx\n", count_lines(lines, size),
	    (unsigned long long)XXH3_64bits_digest(hash));
	put(fd, end, strlen(end));
	XXH3_freeState(hash);
}

static void take_field(
    void *to, const char *name, size_t name_length, const char *value, size_t value_length)
{
	XXH64_hash_t *sum = to;

	*sum += XXH64(name, name_length, XXH64(value, value_length, 0));
}

static void take_entry(void *to, struct tally_entry *e)
{
	char first[TALLY_SUBJECT_MAX], second[TALLY_SUBJECT_MAX];
	uint8_t key[sizeof(e->key)];

	tally_entry_subject(e, first, second);
	if (!tally_key_parse(e->kind, first, second, key) || memcmp(key, e->key, sizeof(key)) != 0)
		abort();
	tally_entry_fields(e, TALLY_PARTS, take_field, to);
	tally_entry_fields(e, TALLY_TOTALS, take_field, to);
}

static int read_into(const char *path, XXH64_hash_t *sum)
{
	char error[SPOOL_ERROR_MAX];
	struct tally *t = tally_new(0);
	struct tally_stats stats;
	uint64_t mark;
	size_t entries;
	int result;

	if (t == NULL)
		abort();
	result = spool_read(path, SENSOR, t, &mark, &entries, error);
	tally_stats(t, &stats);
	if ((result == SPOOL_OK) != (entries > 0) && stats.waiting > 0)
		abort();
	tally_each_waiting(t, take_entry, sum);
	tally_free(t);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	XXH64_hash_t first = 0, second = 0;
	char path[64];
	int fd;

	if (size == 0 || (fd = memfd_create("spool", MFD_CLOEXEC)) < 0)
		return 0;
	if (data[0] % 2 == 0)
		put(fd, data + 1, size - 1);
	else
		put_good(fd, data + 1, size - 1);
	snprintf(
	    path, sizeof(path), "/proc/self/fd/%d", fd); /* cannot be renamed: broken ones stay */
	if (read_into(path, &first) == SPOOL_OK &&
	    (read_into(path, &second) != SPOOL_OK || first != second))
		abort();
	close(fd);
	return 0;
}
