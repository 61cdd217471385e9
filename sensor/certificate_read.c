/*
 * One certificate through OpenSSL. The DER is a stranger's: its size is bounded by the caller, a
 * signature is checked only with keys that make it quick, and texts are cut.
 */
#include "certificate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "../parsers/smtp_text.h"
#include "limits.h"
#include "record.h"

#define MORE	      "..."
#define BEFORE_PERSON ",=+;<>: " /* what no local part has in it */

/* Texts one after the other, each with its NUL. */
struct texts {
	char *at;
	size_t left;
};

/* ---- Texts ---- */

static const char *keep(struct texts *t, const char *text)
{
	size_t size = strlen(text) + 1;
	const char *kept = t->at;

	if (size == 1 || size > t->left)
		return NULL;
	memcpy(t->at, text, size);
	t->at += size;
	t->left -= size;
	return kept;
}

/* "someone@example.org" is a person's; "*@example.org" is what we keep. */
static void hide_people(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '@' && to > text && strchr(BEFORE_PERSON, to[-1]) == NULL) {
			while (to > text && strchr(BEFORE_PERSON, to[-1]) == NULL)
				to--;
			*to++ = '*';
		}
		*to++ = *from;
	}
	*to = '\0';
}

/* Cleaned, a blank as `blank`, and cut, in this order: the end of a person's address shows that it
 * is one. */
static void clean(char text[LIMIT_CERTIFICATE_NAME], struct cursor bytes, char blank)
{
	char whole[2 * LIMIT_CERTIFICATE_NAME];

	smtp_text_keep(whole, sizeof(whole), bytes);
	for (char *c = whole; *c != '\0'; c++)
		if (*c == ' ')
			*c = blank;
	hide_people(whole);
	smtp_text_keep(text, LIMIT_CERTIFICATE_NAME, cursor_over(whole, strlen(whole)));
}

static const char *keep_name(struct texts *t, const X509_NAME *name)
{
	unsigned long form = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	char text[LIMIT_CERTIFICATE_NAME];
	BIO *to = BIO_new(BIO_s_mem());
	const char *kept = NULL;
	char *bytes;
	long length;

	if (to == NULL)
		return NULL;
	if (X509_NAME_print_ex(to, name, 0, form) >= 0) {
		length = BIO_get_mem_data(to, &bytes);
		clean(text, cursor_over(bytes, length > 0 ? (size_t)length : 0), ' ');
		kept = keep(t, text);
	}
	BIO_free(to);
	return kept;
}

/* ---- Names of subjectAltName ---- */

struct words {
	char text[LIMIT_CERTIFICATE_NAMES];
	size_t used;
	bool full;
};

static void add_word(struct words *w, const char *word)
{
	size_t length = strlen(word), space = w->used > 0;

	if (w->full || length == 0)
		return;
	/* Room for the mark of more is always left. */
	if (w->used + space + length + sizeof(" " MORE) > sizeof(w->text)) {
		w->full = true;
		word = MORE;
		length = strlen(MORE);
	}
	if (space)
		w->text[w->used++] = ' ';
	memcpy(w->text + w->used, word, length + 1);
	w->used += length;
}

static void add_address(struct words *w, const ASN1_STRING *address)
{
	int length = ASN1_STRING_length(address);
	char text[INET6_ADDRSTRLEN];

	if (length != 4 && length != 16)
		return;
	if (inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text,
		sizeof(text)) != NULL)
		add_word(w, text);
}

static void add_dns(struct words *w, const ASN1_STRING *name)
{
	char text[LIMIT_CERTIFICATE_NAME];
	int length = ASN1_STRING_length(name);

	if (length <= 0)
		return;
	if ((size_t)length >= sizeof(text)) { /* RFC 1035: no name of a host is as long */
		w->full = true;
		return;
	}
	/* a word each */
	clean(text, cursor_over(ASN1_STRING_get0_data(name), (size_t)length), '?');
	add_word(w, text);
}

static const char *keep_alternative_names(struct texts *t, const X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	struct words w = {.used = 0};
	int type;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const ASN1_STRING *value =
		    GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		if (type == GEN_DNS)
			add_dns(&w, value);
		else if (type == GEN_IPADD)
			add_address(&w, value);
	}
	GENERAL_NAMES_free(names);
	return keep(t, w.text);
}

/* ---- Numbers ---- */

/* Days from 1970-01-01 to a day of the Gregorian calendar. timegm() would look for a time zone's
 * file. */
static int64_t days_to(const struct tm *tm)
{
	static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t year = tm->tm_year + 1900, past = tm->tm_mon < 2 ? year - 1 : year;

	return year * 365 + past / 4 - past / 100 + past / 400 + before[tm->tm_mon] + tm->tm_mday -
	       719528; /* the same of 1970-01-01 */
}

static uint64_t date_of(const ASN1_TIME *time)
{
	struct tm tm;

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return 0;
	return record_date(((days_to(&tm) * 24 + tm.tm_hour) * 60 + tm.tm_min) * 60 + tm.tm_sec);
}

static uint8_t key_type_of(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return CERTIFICATE_KEY_RSA;
	case EVP_PKEY_RSA_PSS:
		return CERTIFICATE_KEY_RSA_PSS;
	case EVP_PKEY_EC:
		return CERTIFICATE_KEY_EC;
	case EVP_PKEY_ED25519:
		return CERTIFICATE_KEY_ED25519;
	case EVP_PKEY_ED448:
		return CERTIFICATE_KEY_ED448;
	case EVP_PKEY_DSA:
		return CERTIFICATE_KEY_DSA;
	default:
		return CERTIFICATE_KEY_OTHER;
	}
}

static void read_key(const X509 *x, struct certificate *to)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	int bits;

	to->key_type = CERTIFICATE_KEY_OTHER; /* there is one in every certificate */
	if (key == NULL)
		return;
	to->key_type = key_type_of(key);
	bits = EVP_PKEY_get_bits(key);
	to->key_bits = (uint16_t)(bits < 0 ? 0 : bits > UINT16_MAX ? UINT16_MAX : bits);
}

static uint8_t hash_of(X509 *x)
{
	static const struct {
		int nid;
		uint8_t hash;
	} hashes[] = {{NID_md5, CERTIFICATE_HASH_MD5}, {NID_sha1, CERTIFICATE_HASH_SHA1},
	    {NID_sha224, CERTIFICATE_HASH_SHA224}, {NID_sha256, CERTIFICATE_HASH_SHA256},
	    {NID_sha384, CERTIFICATE_HASH_SHA384}, {NID_sha512, CERTIFICATE_HASH_SHA512}};
	int nid;

	if (X509_get_signature_info(x, &nid, NULL, NULL, NULL) == 0 || nid == NID_undef)
		return CERTIFICATE_HASH_ABSENT;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].nid == nid)
			return hashes[i].hash;
	return CERTIFICATE_HASH_OTHER;
}

static bool is_quick(const struct certificate *c)
{
	return c->key_type != CERTIFICATE_KEY_DSA && c->key_type != CERTIFICATE_KEY_OTHER &&
	       c->key_bits <= LIMIT_CERTIFICATE_VERIFY_BITS;
}

/* By its names, and where that is quick by its signature. */
static bool is_self_signed(X509 *x, const struct certificate *c)
{
	if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) != 0)
		return false;
	return !is_quick(c) || X509_verify(x, X509_get0_pubkey(x)) == 1;
}

static void read_signature(X509 *x, struct certificate *to, struct texts *t)
{
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *object;
	char text[LIMIT_CERTIFICATE_NAME] = "";

	X509_get0_signature(NULL, &algorithm, x);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	(void)OBJ_obj2txt(text, sizeof(text), object, 0);
	to->signature_algorithm = keep(t, text);
	to->signature_hash = hash_of(x);
	to->self_signed = is_self_signed(x, to);
}

bool certificate_read(
    const uint8_t *der, size_t length, struct certificate *to, char texts[CERTIFICATE_TEXTS_MAX])
{
	struct texts t = {.at = texts, .left = CERTIFICATE_TEXTS_MAX};
	const uint8_t *at = der;
	X509 *x = length > LONG_MAX ? NULL : d2i_X509(NULL, &at, (long)length);
	bool whole = x != NULL && at == der + length;

	if (whole) {
		to->not_before = date_of(X509_get0_notBefore(x));
		to->not_after = date_of(X509_get0_notAfter(x));
		read_key(x, to);
		read_signature(x, to, &t);
		to->subject = keep_name(&t, X509_get_subject_name(x));
		to->issuer = keep_name(&t, X509_get_issuer_name(x));
		to->names = keep_alternative_names(&t, x);
		to->read = true;
	}
	X509_free(x);
	ERR_clear_error();
	return whole;
}
