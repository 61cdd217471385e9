/* Refusals that are about TLS (RFC 3463 section 2, RFC 3207 section 4, RFC 5248; what Microsoft and
 * Google document of their own codes). */
#include "smtp_status.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ANY	     UINT16_MAX
#define PART_MAX     999 /* RFC 3463 section 2: three digits */

const char *const smtp_enforcement_names[SMTP_ENFORCEMENTS] = {
    [SMTP_THROTTLED] = "throttled",
    [SMTP_BLOCKED] = "blocked",
    [SMTP_OLD_TLS] = "old_tls",
    [SMTP_TLS_REQUIRED] = "tls_required",
    [SMTP_TLS_UNAVAILABLE] = "tls_unavailable",
    [SMTP_STARTTLS_NOT_SUPPORTED] = "starttls_not_supported",
    [SMTP_CERTIFICATE_EXPIRED] = "certificate_expired",
    [SMTP_TLSA_INVALID] = "tlsa_invalid",
    [SMTP_DNSSEC_INVALID] = "dnssec_invalid",
    [SMTP_CERTIFICATE_MISMATCH] = "certificate_mismatch",
};

/* The first row that fits. */
static const struct meaning {
	uint16_t code;		  /* 0: any of 4yz and 5yz */
	uint16_t subject, detail; /* detail ANY: any */
	uint8_t meaning;
} meanings[] = {
    {450, 7, 230, SMTP_THROTTLED}, {550, 7, 230, SMTP_BLOCKED}, {421, 7, 66, SMTP_OLD_TLS},
    {0, 7, 321, SMTP_STARTTLS_NOT_SUPPORTED}, {0, 7, 322, SMTP_CERTIFICATE_EXPIRED},
    {0, 7, 323, SMTP_TLSA_INVALID}, {0, 7, 324, SMTP_DNSSEC_INVALID},
    {0, 7, 325, SMTP_CERTIFICATE_MISMATCH},
    {454, 7, ANY, SMTP_TLS_UNAVAILABLE},			       /* RFC 3207 section 4 */
    {454, 0, 0, SMTP_TLS_UNAVAILABLE}, {530, 7, 0, SMTP_TLS_REQUIRED}, /* RFC 3207 section 4 */
    {0, 7, 10, SMTP_TLS_REQUIRED},   /* RFC 5248: encryption needed */
    {538, 7, 11, SMTP_TLS_REQUIRED}, /* RFC 4954 */
    {0, 7, 29, SMTP_TLS_REQUIRED},   /* Gmail, to who sends much */
};

static bool read_part(struct cursor *text, uint16_t *part)
{
	unsigned value = 0, digits = 0;
	uint8_t b;

	while (cursor_peek(text, 0, &b) && b >= '0' && b <= '9' && cursor_skip(text, 1)) {
		value = value * 10 + (unsigned)(b - '0');
		if (++digits > 3)
			return false;
	}
	*part = (uint16_t)value;
	return digits > 0;
}

static bool take_dot(struct cursor *text)
{
	uint8_t b;

	return cursor_u8(text, &b) && b == '.';
}

/* "5.7.230 ..."; its class has to be that of the code. */
static void read_status(const struct smtp_reply *reply, struct smtp_refusal *r)
{
	struct cursor text = reply->text;
	uint16_t class, subject, detail;
	uint8_t b;

	if (!read_part(&text, &class) || class != reply->code / 100 || !take_dot(&text) ||
	    !read_part(&text, &subject) || !take_dot(&text) || !read_part(&text, &detail))
		return;
	if (cursor_peek(&text, 0, &b) && b == '.')
		return;
	r->subject = subject;
	r->detail = detail;
}

static uint8_t meaning_of(const struct smtp_refusal *r)
{
	for (size_t i = 0; i < COUNT(meanings); i++) {
		const struct meaning *m = &meanings[i];

		if ((m->code == 0 || m->code == r->code) && m->subject == r->subject &&
		    (m->detail == ANY || m->detail == r->detail))
			return m->meaning;
	}
	return SMTP_ENFORCEMENT_NONE;
}

void smtp_refusal_keep(
    struct smtp_refusal *refusal, const struct smtp_reply *reply, bool of_another)
{
	struct smtp_refusal r = {.code = reply->code};

	read_status(reply, &r);
	if (!of_another)
		r.meaning = meaning_of(&r);
	if (refusal->meaning == SMTP_ENFORCEMENT_NONE || r.meaning != SMTP_ENFORCEMENT_NONE)
		*refusal = r;
}

static char *put_part(char *to, unsigned part)
{
	if (part >= 100)
		*to++ = (char)('0' + part / 100);
	if (part >= 10)
		*to++ = (char)('0' + part / 10 % 10);
	*to++ = (char)('0' + part % 10);
	return to;
}

const char *smtp_status_text(const struct smtp_refusal *r, char text[SMTP_STATUS_TEXT_MAX])
{
	char *to = text;

	if (r->subject != 0 || r->detail != 0) {
		to = put_part(to, r->code / 100 % 10u);
		*to++ = '.';
		to = put_part(to, r->subject % (PART_MAX + 1u));
		*to++ = '.';
		to = put_part(to, r->detail % (PART_MAX + 1u));
	}
	*to = '\0';
	return text;
}
