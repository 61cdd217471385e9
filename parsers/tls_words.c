/* TLS as mail servers write it (RFC 8447's names, OpenSSL's ciphers(1), GnuTLS's session
 * descriptions). */
#include "tls_words.h"

#include "smtp_text.h"
#include "tls_hello.h"
#include "tls_names.h"

#define NAME_MAX 64 /* bytes of the longest name of a cipher suite, with its NUL, and some room */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- Versions ---- */

static bool is_text(struct cursor text, const char *word)
{
	return text.left == strlen(word) && smtp_text_same(text, word);
}

static bool take_text(struct cursor *text, const char *word)
{
	return smtp_text_begins(*text, word) && cursor_skip(text, strlen(word));
}

/* What stands behind "TLSv": "1", "1.2", "1_2". */
static bool read_number(struct cursor text, uint16_t *version)
{
	uint8_t one = 0, dot = '.', minor = '0';

	if (!cursor_u8(&text, &one) || one != '1')
		return false;
	if (cursor_u8(&text, &dot) && !cursor_u8(&text, &minor))
		return false;
	if ((dot != '.' && dot != '_') || minor < '0' || minor > '3' || text.left > 0)
		return false;
	*version = (uint16_t)(TLS_VERSION_10 + (minor - '0'));
	return true;
}

static bool read_ssl(struct cursor text, uint16_t *version)
{
	*version = is_text(text, "3") || is_text(text, "3.0") ? TLS_VERSION_SSL3 : TLS_VERSION_SSL2;
	return *version == TLS_VERSION_SSL3 || is_text(text, "2") || is_text(text, "2.0");
}

bool tls_words_version(struct cursor text, struct tls_range *range)
{
	uint16_t version = 0;

	if (is_text(text, "TLSV1/SSLV3")) {
		*range = (struct tls_range){TLS_VERSION_SSL3, TLS_VERSION_12};
		return true;
	}
	if (take_text(&text, "TLS")) {
		if (text.left > 0) {
			(void)take_text(&text, "V");
			if (!read_number(text, &version))
				return false;
		}
	} else if (!take_text(&text, "SSL") || (take_text(&text, "V"), !read_ssl(text, &version))) {
		return false;
	}
	*range = (struct tls_range){version, version};
	return true;
}

/* ---- Names of cipher suites ---- */

/* A name under way; too long a one is none. */
struct name {
	char text[NAME_MAX];
	size_t length;
	bool whole;
};

static void put(struct name *n, const char *text, size_t length)
{
	n->whole &= length < NAME_MAX - n->length;
	if (!n->whole)
		return;
	memcpy(n->text + n->length, text, length);
	n->length += length;
	n->text[n->length] = '\0';
}

static void put_text(struct name *n, const char *text)
{
	put(n, text, strlen(text));
}

static bool ends_with(const struct name *n, const char *text)
{
	size_t length = strlen(text);

	return n->length >= length && memcmp(n->text + n->length - length, text, length) == 0;
}

static void drop_end(struct name *n, const char *text)
{
	if (!ends_with(n, text))
		return;
	n->length -= strlen(text);
	n->text[n->length] = '\0';
}

/* In upper case; "anon" is the only word that IANA writes otherwise. */
static struct name name_of(struct cursor text)
{
	struct name n = {.whole = true};
	char *anonymous;
	uint8_t b;

	while (cursor_u8(&text, &b)) {
		char c = (char)smtp_text_upper(b);

		put(&n, &c, 1);
	}
	anonymous = strstr(n.text, "_ANON_");
	if (anonymous != NULL && memcmp(n.text, "TLS_", 4) == 0)
		memcpy(anonymous, "_anon_", 6);
	return n;
}

/* Schannel appends the curve. */
static void drop_curve(struct name *n)
{
	drop_end(n, "_P256");
	drop_end(n, "_P384");
	drop_end(n, "_P521");
}

/* GnuTLS: RSA_AES_256_CBC_SHA1, ECDHE_RSA_AES_128_GCM_SHA256, DHE_RSA_ARCFOUR_128_SHA1. */
static const char *const gnutls_ciphers[] = {
    "_AES_", "_3DES_", "_ARCFOUR_", "_CAMELLIA_", "_CHACHA20_", "_DES_", "_NULL_", "_RC4_"};

static const char *find_gnutls_cipher(const char *text)
{
	for (size_t i = 0; i < COUNT(gnutls_ciphers); i++) {
		const char *found = strstr(text, gnutls_ciphers[i]);

		if (found != NULL)
			return found;
	}
	return NULL;
}

/* The cipher and its hash, which of AEAD ciphers is understood. */
static void put_gnutls_cipher(struct name *n, const char *cipher)
{
	if (strncmp(cipher, "ARCFOUR", 7) == 0) {
		cipher += 7;
		put_text(n, strncmp(cipher, "_128", 4) == 0 || strncmp(cipher, "_40", 3) == 0
				? "RC4"
				: "RC4_128");
	}
	put_text(n, cipher);
	if (ends_with(n, "_SHA1"))
		drop_end(n, "1");
	if (ends_with(n, "_AEAD"))
		drop_end(n, "_AEAD");
	if (ends_with(n, "_128_GCM") || ends_with(n, "POLY1305"))
		put_text(n, "_SHA256");
	else if (ends_with(n, "_256_GCM"))
		put_text(n, "_SHA384");
}

/* "DHE_RSA" + "AES_256_CBC_SHA1" */
static struct name from_gnutls(const char *text)
{
	struct name n = {.whole = true};
	const char *cipher = find_gnutls_cipher(text);

	if (strncmp(text, "TLS_", 4) == 0)
		text += 4;
	if (cipher == NULL || cipher < text)
		return n;
	put_text(&n, "TLS_");
	put(&n, text, (size_t)(cipher - text));
	put_text(&n, "_WITH_");
	put_gnutls_cipher(&n, cipher + 1);
	return n;
}

/* Since GnuTLS 3.6: ECDHE_SECP256R1__RSA_PSS_RSAE_SHA256__AES_256_GCM. */
static struct name from_gnutls_parts(const char *text, uint16_t most)
{
	struct name n = {.whole = true};
	const char *signature = strstr(text, "__"), *cipher = strstr(signature + 2, "__");

	put_text(&n, "TLS_");
	if (cipher == NULL)
		return n;
	if (most != TLS_VERSION_13) {
		put(&n, text, strcspn(text, "_"));
		put_text(
		    &n, strncmp(signature + 2, "ECDSA", 5) == 0 ? "_ECDSA_WITH_" : "_RSA_WITH_");
	}
	put_gnutls_cipher(&n, cipher + 2);
	for (char *at = strstr(n.text, "__"); at != NULL; at = strstr(n.text, "__")) {
		memmove(at, at + 1, strlen(at)); /* before the hash of a cipher with CBC */
		n.length--;
	}
	return n;
}

static bool find(const char *name, uint16_t *code)
{
	return tls_cipher_suite_code(name, code) || tls_cipher_suite_from_openssl(name, code);
}

bool tls_words_cipher(struct cursor text, uint16_t most, uint16_t *code)
{
	struct name n, full = {.whole = true};

	if (text.left >= NAME_MAX)
		return false;
	n = name_of(text);
	drop_curve(&n);
	if (find(n.text, code))
		return true;
	if (strstr(n.text, "_WITH_") != NULL) { /* without its TLS_ */
		put_text(&full, "TLS_");
		put_text(&full, n.text);
	} else {
		full = strstr(n.text, "__") != NULL ? from_gnutls_parts(n.text, most)
						    : from_gnutls(n.text);
	}
	return full.whole && find(full.text, code);
}

/* ---- What a cipher suite tells ---- */

static bool has_any(const char *name, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(name, *words) != NULL)
			return true;
	return false;
}

struct tls_range tls_words_cipher_range(uint16_t code)
{
	static const char *const new[] = {
	    "_GCM", "_CCM", "POLY1305", "_SHA256", "_SHA384", "_ARIA_", NULL};
	static const char *const gone[] = {"_WITH_DES_", "_IDEA_", NULL};
	const char *name = tls_cipher_suite_name(code);

	if (name == NULL)
		return (struct tls_range){0, 0};
	if (strstr(name, "_WITH_") == NULL)
		return strstr(name, "TLS_AES_") == name || strstr(name, "TLS_CHACHA20_") == name ||
			       strstr(name, "TLS_SM4_") == name
			   ? (struct tls_range){TLS_VERSION_13, TLS_VERSION_13}
			   : (struct tls_range){0, 0};
	/* RFC 5487 section 3.1: the CBC ones with PSK are for any version, whatever their hash. */
	if (has_any(name, new) && !(strstr(name, "PSK_") != NULL && strstr(name, "_CBC_") != NULL))
		return (struct tls_range){TLS_VERSION_12, TLS_VERSION_12};
	if (strstr(name, "_EXPORT") != NULL)
		return (struct tls_range){TLS_VERSION_SSL3, TLS_VERSION_10};
	if (has_any(name, gone))
		return (struct tls_range){TLS_VERSION_SSL3, TLS_VERSION_11};
	return (struct tls_range){TLS_VERSION_SSL3, TLS_VERSION_12};
}
