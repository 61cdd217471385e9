/* Products, refusals and stamps, from the dialogue's facts into the record. */
#include "session_mail.h"

#include "../parsers/tls_names.h"

#define STAMP_TEXT_MAX 160 /* bytes of one stamp as a word, with its NUL */

/* Capabilities alone tell a product that hides its greeting, not one whose greeting was not seen.
 */
static void report_software(const struct smtp_facts *f, struct record *r)
{
	char version[PRODUCT_VERSION_MAX];
	struct product_match m = product_of_server(cursor_over(f->banner, strlen(f->banner)),
	    f->seen & SMTP_SAW_CAPABILITIES, f->capabilities.known);

	if (m.product == 0 || !(f->seen & SMTP_SAW_BANNER))
		return;
	product_version_text(version, m.version);
	record_set_text(r, &r->software, product_name(m.product));
	record_set_text(r, &r->software_version, version);
	r->software_basis = m.basis;
}

static void report_client_software(const struct received_facts *f, struct record *r)
{
	if (f->sender == 0)
		return;
	record_set_text(r, &r->client_software, product_name(f->sender));
	record_set_text(r, &r->client_software_version, f->sender_version);
	r->client_software_basis = PRODUCT_BASIS_RECEIVED;
}

static void report_refusal(const struct smtp_refusal *refusal, struct record *r)
{
	char status[SMTP_STATUS_TEXT_MAX];

	r->error_code = refusal->code;
	record_set_text(r, &r->error_status, smtp_status_text(refusal, status));
	r->enforcement = refusal->meaning;
}

static const char *or_dash(const char *text)
{
	return text == NULL || text[0] == '\0' ? "-" : text;
}

/* A stamp as one word: hop:version:basis:cipher:bits:product, what is not known as "-". */
static void write_stamp(const struct received_stamp *s, char text[STAMP_TEXT_MAX])
{
	const char *cipher = s->cipher_suite == 0 ? NULL : tls_cipher_suite_name(s->cipher_suite);
	char version[RECEIVED_RANGE_MAX], bits[8] = "";

	if (s->bits != 0)
		snprintf(bits, sizeof(bits), "%u", s->bits);
	snprintf(text, STAMP_TEXT_MAX, "%u:%s:%s:%s:%s:%s", s->hop,
	    or_dash(received_range_text(s->range, version)), received_basis_names[s->basis],
	    or_dash(cipher), or_dash(bits), or_dash(product_name(s->product)));
	for (char *blank = text; (blank = strchr(blank, ' ')) != NULL;)
		*blank = '_';
}

static void report_received(const struct received_facts *f, struct record *r)
{
	const struct received_stamp *lowest = received_lowest(f);
	char words[RECEIVED_STAMPS_MAX * STAMP_TEXT_MAX] = "", word[STAMP_TEXT_MAX];
	size_t used = 0;

	r->received_hops = f->hops;
	for (size_t i = 0; i < f->count; i++) {
		write_stamp(&f->stamps[i], word);
		used += (size_t)snprintf(
		    words + used, sizeof(words) - used, "%s%s", i > 0 ? " " : "", word);
	}
	record_set_words(r, &r->stamps, words);
	if (lowest == NULL)
		return;
	r->received_min_version = lowest->range.most;
	r->received_min_hop = lowest->hop;
	if (lowest->product != 0)
		record_set_text(r, &r->received_min_software, product_name(lowest->product));
}

void session_report_mail(const struct smtp_facts *f, struct record *r)
{
	if (!(f->seen & SMTP_SPOKEN))
		return;
	report_software(f, r);
	report_client_software(&f->received, r);
	report_refusal(&f->refusal, r);
	if (f->received.hops > 0 && f->received.messages == f->received.whole)
		report_received(&f->received, r);
}

void session_report_hello(struct record *r)
{
	struct product_match m = product_of_hello(cursor_over(r->ja4, strlen(r->ja4)));

	if (m.product == 0 || r->client_software != 0)
		return;
	record_set_text(r, &r->client_software, product_name(m.product));
	r->client_software_basis = m.basis;
}
