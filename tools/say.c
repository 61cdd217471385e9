/* Errors of one line, numbers and times for people. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int say_error(int status, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "tlsvane: %s\n", line);
	return status;
}

const char *number_text(uint64_t n, char text[NUMBER_TEXT_MAX])
{
	char digits[NUMBER_TEXT_MAX];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	char *to = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

const char *count_text(uint64_t n, const char *one, const char *many, char text[COUNT_TEXT_MAX])
{
	char number[NUMBER_TEXT_MAX];

	snprintf(text, COUNT_TEXT_MAX, "%s %s", number_text(n, number), n == 1 ? one : many);
	return text;
}

static const char *moment(uint64_t ms, const char *format, char text[MOMENT_TEXT_MAX])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || strftime(text, MOMENT_TEXT_MAX, format, &tm) == 0)
		text[0] = '\0';
	return text;
}

const char *moment_text(uint64_t ms, char text[MOMENT_TEXT_MAX])
{
	return moment(ms, "%Y-%m-%d %H:%M", text);
}

const char *moment_rfc3339(uint64_t ms, char text[MOMENT_TEXT_MAX])
{
	size_t used;

	moment(ms, "%Y-%m-%dT%H:%M:%S", text);
	used = strlen(text);
	snprintf(text + used, MOMENT_TEXT_MAX - used, ".%03uZ", (unsigned)(ms % 1000));
	return text;
}

const char *age_text(uint64_t ms, char text[MOMENT_TEXT_MAX])
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = {{86400, "days"}, {3600, "h"}, {60, "min"}};
	uint64_t seconds = ms / 1000;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds >= 2 * units[i].seconds) {
			snprintf(text, MOMENT_TEXT_MAX, "%llu %s",
			    (unsigned long long)(seconds / units[i].seconds), units[i].unit);
			return text;
		}
	}
	snprintf(text, MOMENT_TEXT_MAX, "%llu s", (unsigned long long)seconds);
	return text;
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
