/* Feeds every file and folder named on the command line to a fuzz target: the corpus as a plain
 * test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	size_t size = 0, got;

	if (file == NULL) {
		perror(path);
		return 1;
	}
	do {
		bytes = realloc(bytes, size + 65536);
		if (bytes == NULL)
			abort();
		got = fread(bytes + size, 1, 65536, file);
		size += got;
	} while (got > 0);
	fclose(file);
	bytes = realloc(bytes, size > 0 ? size : 1); /* so that ASan sees the true end */
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	replayed++;
	return 0;
}

static int replay(const char *path)
{
	struct dirent **entries;
	struct stat status;
	char inner[4096];
	int failed = 0, count;

	if (stat(path, &status) != 0) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(status.st_mode))
		return replay_file(path);
	count = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
			failed |= replay(inner);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%u inputs replayed\n", replayed);
	return failed || replayed == 0;
}
