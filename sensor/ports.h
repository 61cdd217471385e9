/*
 * The TCP ports on which mail is spoken, and how: the --ports list of both programs, such as
 * "25,587,465:tls,24:lmtp". What is spoken decides in the end: words in the clear on a port of kind
 * `tls` are read as SMTP; TLS from the first byte on a port of another kind is not SMTP, and said
 * to be "tls", since nobody told us that there is mail inside.
 */
#ifndef TLSVANE_PORTS_H
#define TLSVANE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTS_MAX 64 /* TCP ports at once; more would make the kernel filter too long */

/* How a list looks, for help and errors. */
#define PORTS_EXAMPLE "25,587,465:tls,24:lmtp"

enum port_kind {
	PORT_SMTP, /* words, perhaps STARTTLS; where no kind is given */
	PORT_TLS,  /* implicit TLS (RFC 8314 section 3.3) */
	PORT_LMTP, /* RFC 2033: read as SMTP */
};

struct ports {
	size_t count; /* 0: none were given */
	uint16_t number[PORTS_MAX];
	uint8_t kind[PORTS_MAX]; /* enum port_kind */
};

/* Reads a list into at most PORTS_MAX ports. False where it is none, or gives one port two kinds.
 */
bool ports_parse(const char *text, struct ports *ports);

/* Port 25 alone. */
extern const struct ports ports_default;

/* Whether a port is in the list; its kind then in *kind (NULL: not asked). */
bool ports_find(const struct ports *ports, uint16_t number, uint8_t *kind);

#endif
