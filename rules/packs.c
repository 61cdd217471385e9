/* Where the rules that come with tlsvane stand. */
#include "packs.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char found[4096];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool try_folder(const char *format, const char *base)
{
	int length = snprintf(found, sizeof(found), format, base);

	return length > 0 && (size_t)length < sizeof(found) && access(found, R_OK) == 0;
}

/* The folder above the program's own. */
static bool program_base(char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	for (int up = 0; up < 2; up++) {
		slash = strrchr(path, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	return true;
}

static void find(void)
{
	const char *wish = secure_getenv("TLSVANE_PACKS");
	char base[2048];

	if (wish != NULL && wish[0] != '\0') {
		snprintf(found, sizeof(found), "%s", wish);
		return;
	}
	if (!program_base(base, sizeof(base)) ||
	    (!try_folder("%s/share/tlsvane/rules", base) && !try_folder("%s/rules", base)))
		found[0] = '\0';
}

const char *rules_packs(void)
{
	pthread_once(&once, find);
	return found[0] == '\0' ? NULL : found;
}
