/*
 * The log that a recorder leaves to the next one, damaged. First it is filled as a recorder does:
 * the first byte says with how many records and totals. Then each four bytes say where (three) and
 * to what a byte of the log changes. Reading it must do no harm, and what is counted then can be
 * written.
 */
#include <stdlib.h>
#include <string.h>

#include "../../sensor/redo.h"
#include "take_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP 4u

static struct redo *made; /* its records, written once */

static void put_totals(void *to, struct tally_entry *e)
{
	e->based = true;
	redo_totals(to, e);
}

static void fill(struct redo *r, unsigned records)
{
	struct tally *t = tally_new(0);
	struct record session;

	if (t == NULL)
		abort();
	for (unsigned i = 0; i < records; i++) {
		record_init(&session);
		session.start_ns = UINT64_C(1772323200000000000) + i;
		session.outcome = i % 2 == 0 ? OUTCOME_TLS : OUTCOME_STARTTLS_REFUSED;
		session.tls_version = 0x0301;
		session.cipher_suite = 0xc013;
		session.server_ip.bytes[15] = (uint8_t)(i / 3);
		session.client_ip.bytes[15] = 7;
		record_set_text(&session, &session.banner, "mx.example.net ESMTP");
		redo_take(r, redo_copy(r, &session));
		if (tally_add(t, &session) != 0)
			abort();
		if (i % 3 == 2)
			tally_each_waiting(t, put_totals, r);
	}
	tally_free(t);
}

static void damage(struct redo *r, size_t used, const uint8_t *data, size_t size)
{
	for (; size >= STEP; data += STEP, size -= STEP) {
		size_t at = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;

		if (at < used)
			r->bytes[at] = data[3];
		else if (at == 0xffffff) /* torn */
			atomic_store(&r->used, used * data[3] / 255);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tally *t;
	size_t used;

	if (size == 0 || (made == NULL && (made = malloc(sizeof(*made))) == NULL))
		return 0;
	memset(made, 0, offsetof(struct redo, bytes));
	fill(made, 1 + data[0] % 7);
	used = atomic_load(&made->used);
	damage(made, used, data + 1, size - 1);
	t = tally_new(0);
	if (t == NULL)
		abort();
	(void)redo_begin(made);
	(void)redo_replay(made, data[0] / 64, t);
	redo_is_good(made);
	tally_each_waiting(t, take_entry, NULL);
	tally_free(t);
	return 0;
}
