/*
 * Inside the store. Its files: store (life), store_pump (bytes and time), store_address (of a host
 * name), store_connect (from the first byte to ready), store_lease (who writes under a name),
 * store_write (entries to commands), store_reply (replies to entries), store_trouble (what refuses,
 * and what is said about it), store_ask (questions of others), store_sensor (heartbeat),
 * store_spool, store_wire.
 *
 * Nothing blocks: commands are put on the wire, what is awaited stands in a ring in their order.
 */
#ifndef TLSVANE_STORE_PRIVATE_H
#define TLSVANE_STORE_PRIVATE_H

#include <hiredis/hiredis.h>

#include "limits.h"
#include "redis_url.h"
#include "spool.h"
#include "store.h"
#include "store_keys.h"
#include "store_wire.h"
#include "tally_entry.h"

#define STORE_TOKEN_MAX	  384 /* host:pid:namespace.random */
#define STORE_RUN_ID_MAX  64
#define STORE_ADDRESSES	  8
#define STORE_ADDRESS_MAX 64 /* a numeric address with its scope */
#define STORE_ENTRY_MAX                                                                            \
	12 /* commands that one entry, or all that is done now and then, may need at once */
#define STORE_RING     (LIMIT_PIPELINE + STORE_ENTRY_MAX)
#define STORE_WIRE_MAX (1024u * 1024) /* bytes waiting to be sent before no more is added */
#define STORE_CLOSE_MS 1000	      /* milliseconds for the last heartbeat and the lease */
#define STORE_KINDS    32	      /* of trouble: more than there are */
#define STORE_SPOOL_MS                                                                             \
	10000 /* milliseconds until a spool that could not be rewritten is tried again */
#define STORE_TRIM_MS                                                                              \
	3600000 /* milliseconds between two trimmings of the sets of flagged hosts                 \
		 */

enum store_state {
	STORE_AWAY,  /* no connection; a new one at retry_at */
	STORE_HELLO, /* connecting, logging in, taking the lease */
	STORE_READY,
	STORE_OVER, /* never again: lease lost, another schema */
};

enum store_operation { /* what a reply answers */
	STORE_OP_STEP, /* a step of the hello */
	STORE_OP_LEASE,
	STORE_OP_HEARTBEAT,
	STORE_OP_ASK,	/* somebody else's: store_ask.c */
	STORE_OP_MINOR, /* a reply that changes nothing: EXPIRE, trimming */
	STORE_OP_BASE,	/* HGETALL of an entry */
	STORE_OP_HASH,	/* HSET of an entry */
	STORE_OP_CLIENTS_OF,
	STORE_OP_SERVERS_OF,
	STORE_OP_FLAG, /* + enum tally_flag */
};

struct store_pending {
	uint16_t operation, fields; /* fields: of a HSET */
	struct tally_entry *entry;  /* BASE and above */
};

struct store_trouble;

struct store_addresses { /* of the URL's host, numeric */
	char text[STORE_ADDRESSES][STORE_ADDRESS_MAX];
	size_t count, next; /* to be dialled; == count: all were, in vain */
	uint64_t asked_ms;  /* 0: never */
	const char *error;  /* of the last question (static storage), or NULL */
};

struct store_asking { /* one of store_ask */
	struct store_asking *next;
	store_answer *answer;
	void *context;
	size_t size; /* of bytes[] */
	char bytes[];
};

struct store {
	struct redis_url url;
	char where[REDIS_URL_SHOWN_MAX];
	char sensor[STORE_SENSOR_MAX], host[256], token[STORE_TOKEN_MAX];
	char *source, *spool_path; /* may be NULL */
	pid_t process;		   /* that holds the name */
	uint64_t retention_ms;
	store_log *log;
	void *log_context;
	struct tally *tally;

	/* The connection */
	enum store_state state;
	unsigned step; /* of the hello */
	redisContext *redis;
	struct store_addresses addresses;
	struct wire out, body;
	struct store_pending ring[STORE_RING];
	size_t ring_first, ring_count;
	uint64_t progress_ms;	     /* the last reply, or when there was none to wait for */
	bool answered;		     /* since it was dialled */
	uint64_t retry_ms, pause_ms; /* not before: a connection, writing entries */
	unsigned backoff_ms;
	char run_id[STORE_RUN_ID_MAX]; /* of the Redis that we wrote to last; empty: not known */
	bool doubt;		       /* what was acknowledged may be gone */

	/* The lease */
	char holder[STORE_TOKEN_MAX]; /* as read, while it is not ours */
	bool lease_taken, lease_once; /* on this connection; ever */
	uint64_t lease_ms, lease_sent_ms;
	bool lease_asked, lease_lost;

	uint64_t heartbeat_ms, trim_ms, aside_ms;
	uint64_t started_wall_ms;
	struct store_number numbers[STORE_NUMBERS];
	size_t number_count;

	/* The spool */
	int spool_lock;	      /* -1: none */
	bool spool_file;      /* there is a file that we read */
	uint64_t spool_mark;  /* its mark, as it was read */
	size_t spool_waiting; /* of its entries, not yet in Redis */
	size_t rebasing;      /* bases awaited for entries that are held */
	uint64_t spool_ms;    /* not before: rewriting it */
	struct redo *redo;    /* NULL: none */
	uint64_t saved_ms;    /* when all was last in Redis or the spool */

	/* Questions of others: sent ones first; `ask_next` is the first that is not */
	struct store_asking *asks, *asks_last, *ask_next;
	size_t ask_count;

	bool quiet;		       /* nothing is to be added to what is under way */
	bool opening;		       /* refusals end store_open */
	char *open_error;	       /* its buffer, while opening */
	const char *said[STORE_KINDS]; /* kinds of trouble with Redis that were said */
	size_t said_count;
	bool said_aside, said_spool;
	uint64_t entries_written, commands, connects, errors;
};

/* ---- store_pump.c ---- */
uint64_t store_clock(void); /* ms, monotonic, also while suspended */
uint64_t store_wall(void);  /* ms since the epoch */
/* Sends, receives, handles replies, adds work, until nothing is left, `until_ms`, or `wait_ms`
 * without progress. */
void store_pump(struct store *s, uint64_t until_ms, unsigned wait_ms);
void store_expect(struct store *s, unsigned operation, struct tally_entry *e, size_t fields);

/* ---- store_address.c ---- */
/* The next to dial; NULL, with a reason in `error` (static storage), when none is known. */
const char *store_address(struct store *s, const char **error);
void store_address_answered(struct store *s); /* the one that was dialled: it is the next again */

/* ---- store_connect.c ---- */
void store_dial(struct store *s);
/* Ends the connection: what was in flight is dirty again. The next try after the back-off, or at
 * once. */
void store_drop(struct store *s, bool at_once);
void store_step_reply(struct store *s, const redisReply *reply);

/* ---- store_lease.c ---- */
int store_token_make(struct store *s);
bool store_holder_dead(const struct store *s, const char *holder);
void store_lease_set(struct store *s);
void store_lease_swap(
    struct store *s, const char *from); /* from `from` to ours, with a new time to live */
void store_lease_release(struct store *s);
void store_lease_reply(struct store *s, const redisReply *reply);
bool store_lease_sure(const struct store *s); /* surely ours for the next moments */
void store_lease_refuse(struct store *s, const char *holder);

/* ---- store_write.c ---- */
void store_fill(struct store *s); /* adds what is due, as long as there is room */
void store_key(const struct store *s, const struct tally_entry *e, char key[STORE_KEY_MAX]);
/* The set of hosts of a kind that have a flag; NULL where there is none. */
const char *store_flag_key(unsigned kind, unsigned flag);
/* The key that an operation wrote to. */
void store_operation_key(const struct store *s, unsigned operation, const struct tally_entry *e,
    char key[STORE_KEY_MAX]);

/* ---- store_reply.c ---- */
void store_reply(struct store *s, const struct store_pending *p, const redisReply *reply);
void store_entry_again(
    struct store *s, struct tally_entry *e); /* not written: back to where it waits */
void store_retry_aside(struct store *s);

/* ---- store_trouble.c ---- */
__attribute__((format(printf, 2, 3))) void store_say(struct store *s, const char *format, ...);
/* Says a line once for a kind of trouble (static storage), until store_recovered. */
__attribute__((format(printf, 3, 4))) void store_trouble_say(
    struct store *s, const char *kind, const char *format, ...);
/* An error reply to a command about `key` (NULL: none in particular). */
void store_trouble_reply(struct store *s, const char *error, const char *key);
/* Redis is not there, by `why`; `kind` as above. */
void store_trouble_away(struct store *s, const char *kind, const char *why);
void store_trouble_over(struct store *s); /* stops for good, after something was said */
void store_recovered(struct store *s);
void store_backoff(struct store *s, uint64_t *until_ms);
bool store_is_foreign(const char *error); /* WRONGTYPE */

/* ---- store_ask.c ---- */
bool store_fill_asks(struct store *s); /* false: some still wait */
void store_ask_reply(struct store *s, const redisReply *reply);
void store_drop_asks(struct store *s);

/* ---- store_sensor.c ---- */
void store_heartbeat(struct store *s, bool stopping);
void store_trim(struct store *s);

/* ---- store_spool.c ---- */
int store_spool_open(struct store *s, char error[STORE_ERROR_MAX]);
void store_spool_rebase(struct store *s); /* rewrites the file once every held entry has its base */
void store_spool_written(struct store *s, struct tally_entry *e);
int store_spool_close(struct store *s);
void store_save_totals(struct store *s, struct tally_entry *e); /* before they are sent */
void store_save(struct store *s); /* what waits long goes into the spool */

#endif
