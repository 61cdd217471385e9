/* Formats of keys -> keys. */
#include "store_keys.h"

#include <string.h>

size_t store_fill_key(char key[STORE_KEY_MAX], const char *format, const char *const words[])
{
	char *at = key, *end = key + STORE_KEY_MAX - 1;

	for (; *format != '\0' && at < end; format++) {
		if (format[0] != '%') {
			*at++ = *format;
			continue;
		}
		at = mempcpy(at, *words, strnlen(*words, (size_t)(end - at)));
		words++;
		format++; /* the s */
	}
	*at = '\0';
	return (size_t)(at - key);
}
