/*
 * TLS as mail servers write it into headers and logs: "TLSv1.2", "TLS1_2", "TLSv1/SSLv3"; ciphers
 * by the names of IANA, OpenSSL and GnuTLS; and which versions a cipher suite can belong to.
 */
#ifndef TLSVANE_TLS_WORDS_H
#define TLSVANE_TLS_WORDS_H

#include "cursor.h"

/* Versions (enum tls_version) from `least` to `most`; both 0: any. */
struct tls_range {
	uint16_t least, most;
};

/*
 * Reads a version. False when the text is none. "TLS" alone is any version; "TLSv1/SSLv3" is what
 * OpenSSL before 1.1 said of a cipher suite, whatever was negotiated: SSL 3 to TLS 1.2.
 */
MUST_USE bool tls_words_version(struct cursor text, struct tls_range *range);

/*
 * Reads a cipher suite's name; case is not significant. False when nobody calls one so. GnuTLS
 * leaves out what the version tells: `most` is the highest that it can be, 0 where not known.
 */
MUST_USE bool tls_words_cipher(struct cursor text, uint16_t most, uint16_t *code);

/*
 * The versions that a cipher suite can be negotiated in: RFC 8446 section 4.1.2 (1.3 has its own,
 * and no others), RFC 5246 section 1.2 (AEAD and SHA-256 are new, DES and IDEA are gone), RFC 4346
 * section 1.1 (no export ciphers). Any for a code without a name.
 */
struct tls_range tls_words_cipher_range(uint16_t code);

#endif
