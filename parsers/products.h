/*
 * Mail products, and how they are told: by the greeting, by the capabilities in the reply to EHLO,
 * by their stamp in a Received: header. The table is products.inc; a new product is a row there.
 */
#ifndef TLSVANE_PRODUCTS_H
#define TLSVANE_PRODUCTS_H

#include "cursor.h"

/* What a product was told by. */
enum product_basis {
	PRODUCT_BASIS_NONE,
	PRODUCT_BASIS_BANNER,
	PRODUCT_BASIS_CAPABILITIES,
	PRODUCT_BASIS_BOTH, /* neither alone would have told it */
	PRODUCT_BASIS_RECEIVED,
	PRODUCT_BASIS_HELLO, /* the ciphers and extensions of a ClientHello */
	PRODUCT_BASES
};

#define PRODUCT_VERSION_MAX 24 /* bytes of a version that are kept, with the NUL */

/* A row that fits. */
struct product_match {
	uint8_t product;       /* for product_name(); 0: none */
	uint8_t basis;	       /* enum product_basis */
	struct cursor version; /* "4.96", a view into what was read; empty where not told */
};

/*
 * The product of a server. `banner`: the greeting's text behind its code; `capabilities`: bits of
 * SMTP_KEYWORD_BIT(), good where `capabilities_seen`.
 */
struct product_match product_of_server(
    struct cursor banner, bool capabilities_seen, uint64_t capabilities);

#define PRODUCT_COMMENTS_MAX 8

/* The parts of a Received: header (RFC 5321 section 4.4) that name a product; empty where absent.
 */
struct product_stamp {
	struct cursor by;			      /* the host behind "by" */
	struct cursor with;			      /* everything behind "with" */
	struct cursor id;			      /* the word behind "id" */
	struct cursor comments[PRODUCT_COMMENTS_MAX]; /* without their parentheses */
	size_t comment_count;
};

/* The product that wrote a stamp. */
struct product_match product_of_stamp(const struct product_stamp *stamp);

/* The product of a client whose ClientHello has this JA4. */
struct product_match product_of_hello(struct cursor ja4);

/* Whether the version in its stamps is that of the cipher suite, and TLS may be newer. */
bool product_states_cipher_version(uint8_t product);

/* "Postfix"; NULL for 0 and for numbers without a row. */
const char *product_name(uint8_t product);

/* "banner" and its like; by value, [0] is NULL. */
extern const char *const product_basis_names[PRODUCT_BASES];

/* Copies a version as text. */
void product_version_text(char to[PRODUCT_VERSION_MAX], struct cursor version);

#endif
