/* Messages handed over -> facts of the record. */
#include "handed.h"

#include <string.h>

static void take_certificate(
    struct handed *h, struct handed_shared *shared, enum side side, uint64_t now_ns)
{
	const struct tls_handover *handover = &shared->handover;

	if (h->certificate[side] != NULL)
		return;
	if (side == SIDE_SERVER)
		h->chain_length = handover->chain_length;
	if (shared->certificates == NULL)
		shared->certificates = certificates_new();
	if (shared->certificates != NULL)
		h->certificate[side] = certificates_get(
		    shared->certificates, handover->leaf.at, handover->leaf.left, now_ns);
}

void handed_take(struct handed *h, struct handed_shared *shared, enum side side, uint64_t now_ns)
{
	const struct tls_handover *handover = &shared->handover;

	if (handover->kind == TLS_HANDOVER_CERTIFICATES) {
		take_certificate(h, shared, side, now_ns);
		return;
	}
	if (shared->fingerprints == NULL)
		shared->fingerprints = fingerprints_new();
	if (shared->fingerprints == NULL)
		return;
	if (handover->kind == TLS_HANDOVER_CLIENT_HELLO)
		fingerprints_client(shared->fingerprints, &handover->client, &h->client);
	else
		fingerprints_server(shared->fingerprints, &handover->server, h->ja3s);
}

void handed_clear(struct handed *h)
{
	certificate_release(h->certificate[SIDE_CLIENT]);
	certificate_release(h->certificate[SIDE_SERVER]);
}

void handed_shared_clear(struct handed_shared *shared)
{
	certificates_free(shared->certificates);
	fingerprints_free(shared->fingerprints);
}

void handed_stats(const struct handed_shared *shared, uint64_t *read, uint64_t *refused)
{
	if (shared->certificates == NULL)
		return;
	*read = certificates_stats(shared->certificates)->read;
	*refused = certificates_stats(shared->certificates)->refused;
}

static void report_text(struct record *r, uint16_t *field, const char *text)
{
	if (text != NULL)
		record_set_text(r, field, text);
}

static void report_name(
    const struct certificate *c, const struct tls_facts *facts, struct record *r)
{
	bool sure, matches;

	if (facts->server_name[0] == '\0')
		return;
	matches = certificate_is_for(c, facts->server_name, &sure);
	if (sure || matches)
		r->server_name_matches = matches ? RECORD_TRUE : RECORD_FALSE;
}

static void report_server(
    const struct certificate *c, const struct tls_facts *facts, struct record *r)
{
	memcpy(r->server_certificate, c->sha256, sizeof(r->server_certificate));
	if (!c->read)
		return;
	r->server_not_before = c->not_before;
	r->server_not_after = c->not_after;
	r->server_key_type = c->key_type;
	r->server_key_bits = c->key_bits;
	r->server_signature_hash = c->signature_hash;
	r->self_signed = c->self_signed ? RECORD_TRUE : RECORD_FALSE;
	report_text(r, &r->server_subject, c->subject);
	report_text(r, &r->server_issuer, c->issuer);
	report_text(r, &r->server_signature, c->signature_algorithm);
	report_name(c, facts, r);
}

static void report_client(const struct certificate *c, struct record *r)
{
	memcpy(r->client_certificate, c->sha256, sizeof(r->client_certificate));
	if (!c->read)
		return;
	r->client_not_after = c->not_after;
	report_text(r, &r->client_subject, c->subject);
	report_text(r, &r->client_issuer, c->issuer);
}

void handed_report(const struct handed *h, const struct tls_facts *facts, struct record *r)
{
	const struct certificate *server = h->certificate[SIDE_SERVER];

	memcpy(r->ja3, h->client.ja3, sizeof(r->ja3));
	memcpy(r->ja4, h->client.ja4, sizeof(r->ja4));
	memcpy(r->ja3s, h->ja3s, sizeof(r->ja3s));
	r->server_chain_length = h->chain_length;
	if (server != NULL)
		report_server(server, facts, r);
	if (h->certificate[SIDE_CLIENT] != NULL)
		report_client(h->certificate[SIDE_CLIENT], r);
	if (server != NULL && server->names != NULL) /* the longest last: it may be cut */
		record_set_words(r, &r->server_names, server->names);
}
