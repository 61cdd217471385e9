/* The --ports list. */
#include "ports.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
    [PORT_SMTP] = "smtp",
    [PORT_TLS] = "tls",
    [PORT_LMTP] = "lmtp",
};

const struct ports ports_default = {.count = 1, .number = {25}, .kind = {PORT_SMTP}};

bool ports_find(const struct ports *ports, uint16_t number, uint8_t *kind)
{
	for (size_t i = 0; i < ports->count; i++) {
		if (ports->number[i] != number)
			continue;
		if (kind != NULL)
			*kind = ports->kind[i];
		return true;
	}
	return false;
}

/* ":tls" and its like, or nothing; moves *text over it. */
static bool read_kind(const char **text, uint8_t *kind)
{
	size_t length;

	*kind = PORT_SMTP;
	if (**text != ':')
		return true;
	length = strcspn(++*text, ",");
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (strlen(kind_names[i]) != length || memcmp(kind_names[i], *text, length) != 0)
			continue;
		*text += length;
		*kind = (uint8_t)i;
		return true;
	}
	return false;
}

static bool add(struct ports *ports, uint16_t number, uint8_t kind)
{
	uint8_t already;

	if (ports_find(ports, number, &already))
		return already == kind;
	if (ports->count == PORTS_MAX)
		return false;
	ports->number[ports->count] = number;
	ports->kind[ports->count++] = kind;
	return true;
}

bool ports_parse(const char *text, struct ports *ports)
{
	unsigned long number;
	uint8_t kind;
	char *end;

	ports->count = 0;
	for (; isdigit((unsigned char)*text); text++) {
		number = strtoul(text, &end, 10);
		text = end;
		if (number == 0 || number > UINT16_MAX || !read_kind(&text, &kind) ||
		    !add(ports, (uint16_t)number, kind))
			return false;
		if (*text == '\0')
			return true;
		if (*text != ',')
			return false;
	}
	return false;
}
