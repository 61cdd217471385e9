/*
 * TLS records out of a stream in pieces: RFC 8446 section 5.1, RFC 5246 section 6.2; SSLv2 records:
 * RFC 5246 appendix E.2 and "The SSL Protocol" (Hickman, 1995). Bodies are yielded as they come,
 * never copied.
 */
#include "tls_record.h"

#define HEADER_SIZE	  5
#define SSL2_CLIENT_LEAST (2 + 9 + 3 + 16) /* header, fixed part, a cipher, a challenge */
#define SSL2_SERVER_LEAST (2 + 11)
#define SSL2_CLIENT_HELLO 1
#define SSL2_SERVER_HELLO 4

/* Behind a gap: the record that it fell into ends within so many bytes. */
#define PASSED_MOST TLS_RECORD_MAX

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static uint16_t pair(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Reading headers. Each of these says how the header's length is known so far: 0 where it is none.
 */

static size_t tls_header_need(const struct tls_record_reader *r)
{
	if (r->header[0] < TLS_CHANGE_CIPHER_SPEC || r->header[0] > TLS_HEARTBEAT)
		return 0;
	if (r->have > 1 && r->header[1] != 3)
		return 0;
	return HEADER_SIZE;
}

static bool is_ssl2_hello_version(uint16_t version)
{
	return version == 0x0002 || version >> 8 == 3;
}

/* The first record: its constants must be those of a hello, as an SSLv2 header alone is nearly
 * anything. */
static size_t ssl2_hello_need(const struct tls_record_reader *r)
{
	const uint8_t *h = r->header;

	if (r->have < 3)
		return 3;
	if (h[2] == SSL2_CLIENT_HELLO) {
		if ((r->have > 3 && h[3] != 0 && h[3] != 3) ||
		    (r->have >= 5 && !is_ssl2_hello_version(pair(h + 3))))
			return 0;
		return 5;
	}
	if (h[2] != SSL2_SERVER_HELLO || (r->have > 3 && h[3] > 1) || (r->have > 5 && h[5] != 0) ||
	    (r->have > 6 && h[6] != 2))
		return 0;
	return 7;
}

static bool is_ssl2_header(const struct tls_record_reader *r)
{
	if ((r->header[0] & 0x80) != 0)
		return r->ssl2 || !r->begun;
	return r->ssl2 && r->header[0] < TLS_CHANGE_CIPHER_SPEC;
}

static size_t header_need(const struct tls_record_reader *r)
{
	if (r->have == 0)
		return 1;
	if (!is_ssl2_header(r))
		return tls_header_need(r);
	if (!r->begun)
		return ssl2_hello_need(r);
	return (r->header[0] & 0x80) != 0 ? 2 : 3;
}

static int begin_tls_record(struct tls_record_reader *r)
{
	r->type = r->header[0];
	r->version = pair(r->header + 1);
	r->length = pair(r->header + 3);
	return r->length > TLS_RECORD_MAX ? RESULT_TOO_LARGE : RESULT_OK;
}

/* Two bytes of length, or three with padding; a first record's header is longer here, to be sure of
 * it. */
static int begin_ssl2_record(struct tls_record_reader *r)
{
	bool short_form = (r->header[0] & 0x80) != 0;

	r->type = TLS_SSL2;
	r->version = 0x0002;
	r->length = pair(r->header) & (short_form ? 0x7fff : 0x3fff);
	if (!r->begun && r->length + 2 < (r->header[2] == SSL2_CLIENT_HELLO ? SSL2_CLIENT_LEAST
									    : SSL2_SERVER_LEAST))
		return RESULT_NOT_TLS;
	if (r->length > TLS_RECORD_MAX)
		return RESULT_TOO_LARGE;
	r->replay = (uint8_t)(r->have - (short_form ? 2 : 3));
	r->ssl2 = true;
	return RESULT_OK;
}

static void begin_body(struct tls_record_reader *r)
{
	r->begun = true;
	r->left = r->length;
	r->have = 0;
}

static int begin_record(struct tls_record_reader *r)
{
	int result = is_ssl2_header(r) ? begin_ssl2_record(r) : begin_tls_record(r);

	if (result == RESULT_OK)
		begin_body(r);
	return result;
}

/* The fast path: a good TLS header in one piece. What it does not take, read_header judges byte by
 * byte. */
static inline bool take_whole_header(struct tls_record_reader *r, struct cursor *in)
{
	struct cursor try = *in, header;
	uint8_t type;
	uint16_t version, length;

	if (r->have > 0 || !cursor_take(&try, HEADER_SIZE, &header) || !cursor_u8(&header, &type) ||
	    !cursor_u16(&header, &version) || !cursor_u16(&header, &length))
		return false;
	if (type < TLS_CHANGE_CIPHER_SPEC || type > TLS_HEARTBEAT || version >> 8 != 3 ||
	    length > TLS_RECORD_MAX)
		return false;
	r->type = type;
	r->version = version;
	r->length = length;
	begin_body(r);
	*in = try;
	return true;
}

static int read_header(struct tls_record_reader *r, struct cursor *in)
{
	struct cursor start = *in;
	uint8_t had = r->have;
	size_t need;
	int result;

	while ((need = header_need(r)) > r->have) {
		if (!cursor_u8(in, &r->header[r->have]))
			return RESULT_MORE;
		r->have++;
	}
	result = need == 0 ? RESULT_NOT_TLS : begin_record(r);
	if (result != RESULT_OK) {
		*in = start;
		r->have = had;
	} else if (had == 0 && r->replay > 0) {
		/* All of it is in the caller's bytes: the body can be yielded in one piece. */
		in->at -= r->replay;
		in->left += r->replay;
		r->replay = 0;
	}
	return result;
}

/* Header bytes of an SSLv2 hello stay in the reader until the next header. */
static struct cursor take_replay(struct tls_record_reader *r)
{
	size_t end = r->header[2] == SSL2_CLIENT_HELLO ? 5 : 7;
	struct cursor bytes = cursor_over(r->header + end - r->replay, r->replay);

	r->replay = 0;
	return bytes;
}

/* What there is of the body; it may be nothing. */
static inline struct cursor take_body(struct tls_record_reader *r, struct cursor *in)
{
	struct cursor bytes = cursor_over(in->at, 0);

	if (r->replay > 0)
		bytes = take_replay(r);
	else if (!cursor_take(in, smaller(in->left, r->left), &bytes))
		return bytes;
	r->left = (uint16_t)(r->left - bytes.left);
	return bytes;
}

int tls_record_next(struct tls_record_reader *r, struct cursor *in, struct tls_fragment *fragment)
{
	bool first = r->left == 0;
	int result;

	if (first && !take_whole_header(r, in)) {
		result = read_header(r, in);
		if (result != RESULT_OK)
			return result;
	} else if (!first && !tls_record_has_next(r, in)) {
		return RESULT_MORE;
	}
	fragment->bytes = take_body(r, in);
	fragment->type = r->type;
	fragment->first = first;
	fragment->last = r->left == 0;
	fragment->version = r->version;
	fragment->length = r->length;
	return RESULT_OK;
}

/* Whether the header so far is one that a sender would write. */
static bool may_begin(const struct tls_record_reader *r)
{
	const uint8_t *h = r->header;
	uint16_t length;

	if (h[0] < TLS_CHANGE_CIPHER_SPEC || h[0] >= TLS_HEARTBEAT || (r->have > 1 && h[1] != 3) ||
	    (r->have > 2 && h[2] > 4))
		return false;
	if (r->have < HEADER_SIZE)
		return true;
	length = pair(h + 3);
	return length > 0 && length <= TLS_RECORD_MAX &&
	       (h[0] != TLS_CHANGE_CIPHER_SPEC || length == 1);
}

int tls_record_seek(struct tls_record_reader *r, struct cursor *in)
{
	uint8_t byte;

	while (cursor_u8(in, &byte)) {
		r->header[r->have++] = byte;
		while (r->have > 0 && !may_begin(r)) {
			memmove(r->header, r->header + 1, --r->have);
			if (r->passed++ == PASSED_MOST)
				return RESULT_NOT_TLS;
		}
		if (r->have == HEADER_SIZE)
			return RESULT_OK;
	}
	return RESULT_MORE;
}

void tls_record_unread(struct tls_record_reader *r, struct cursor *in, struct cursor rest)
{
	if (rest.left == 0)
		return;
	r->left = (uint16_t)(r->left + rest.left);
	if (rest.at >= r->header && rest.at < r->header + sizeof(r->header)) {
		r->replay = (uint8_t)rest.left;
		return;
	}
	in->at -= rest.left;
	in->left += rest.left;
}

bool tls_record_gap(struct tls_record_reader *r, size_t missing)
{
	if (missing == 0)
		return true;
	if (missing > r->left || r->replay > 0)
		return false;
	r->left = (uint16_t)(r->left - missing);
	return true;
}

void tls_record_reset(struct tls_record_reader *r)
{
	*r = (struct tls_record_reader){.have = 0};
}

/*
 * Looking without a reader. The hello's first bytes are gathered out of as many records as it
 * takes, then checked field by field, as far as they go.
 */

#define HELLO_LEAST_CLIENT (2 + 32 + 1 + 2 + 2 + 2)
#define HELLO_LEAST_SERVER (2 + 32 + 1 + 2 + 1)
#define HELLO_MOST	   (2 + 32 + 33 + 2 + 65534 + 256 + 2 + 65535)
#define HANDSHAKE_HEADER   4
#define TYPE_CLIENT_HELLO  1
#define TYPE_SERVER_HELLO  2

struct look {
	uint8_t bytes[TLS_LOOK_ENOUGH]; /* of the handshake message */
	size_t count;
	size_t first_record; /* length of its first record */
};

/* Whether a record header of a hello is possible; `have` of its bytes are there. */
static bool is_hello_header(const uint8_t *header, size_t have)
{
	if (header[0] != TLS_HANDSHAKE || (have > 1 && header[1] != 3) ||
	    (have > 2 && header[2] > 4))
		return false;
	return have < HEADER_SIZE || (pair(header + 3) > 0 && pair(header + 3) <= 16384);
}

/* How much of the message is worth gathering: what follows it may be a record of another kind. */
static size_t gather_limit(const struct look *look)
{
	struct cursor c = cursor_over(look->bytes, look->count);
	uint32_t length;

	if (!cursor_skip(&c, 1) || !cursor_u24(&c, &length) ||
	    length > TLS_LOOK_ENOUGH - HANDSHAKE_HEADER)
		return TLS_LOOK_ENOUGH;
	return length + HANDSHAKE_HEADER;
}

static int gather(struct look *look, struct cursor in)
{
	struct cursor header, body;
	size_t length;

	while (look->count < gather_limit(look) && in.left > 0) {
		if (!is_hello_header(in.at, smaller(in.left, HEADER_SIZE)))
			return RESULT_NOT_TLS;
		if (!cursor_take(&in, HEADER_SIZE, &header))
			return RESULT_OK;
		length = pair(header.at + 3);
		if (look->first_record == 0)
			look->first_record = length;
		if (!cursor_take(&in, smaller(length, in.left), &body))
			return RESULT_OK;
		length = smaller(body.left, TLS_LOOK_ENOUGH - look->count);
		if (!cursor_copy(&body, look->bytes + look->count, length))
			return RESULT_OK;
		look->count += length;
	}
	return RESULT_OK;
}

/* The message header against its record: nothing follows a ClientHello in its record. */
static int look_at_header(
    const struct look *look, struct cursor *c, uint8_t wanted, uint32_t *length)
{
	uint8_t type;

	if (!cursor_u8(c, &type))
		return RESULT_MORE;
	if (type != wanted)
		return RESULT_NOT_TLS;
	if (!cursor_u24(c, length))
		return RESULT_MORE;
	if (*length > HELLO_MOST ||
	    *length < (wanted == TYPE_CLIENT_HELLO ? HELLO_LEAST_CLIENT : HELLO_LEAST_SERVER))
		return RESULT_NOT_TLS;
	if (wanted == TYPE_CLIENT_HELLO && look->first_record > *length + HANDSHAKE_HEADER)
		return RESULT_NOT_TLS;
	return RESULT_OK;
}

/* Version, random, session id. What is left of the message is counted down in *length. */
static int look_at_start(struct cursor *c, uint32_t *length)
{
	uint8_t major, minor, session_id;

	if (!cursor_u8(c, &major))
		return RESULT_MORE;
	if (major != 3)
		return RESULT_NOT_TLS;
	if (!cursor_u8(c, &minor))
		return RESULT_MORE;
	if (minor > 4)
		return RESULT_NOT_TLS;
	if (!cursor_skip(c, 32) || !cursor_u8(c, &session_id))
		return RESULT_MORE;
	if (session_id > 32)
		return RESULT_NOT_TLS;
	*length -= 35;
	if (*length < session_id)
		return RESULT_NOT_TLS;
	*length -= session_id;
	return cursor_skip(c, session_id) ? RESULT_OK : RESULT_MORE;
}

/* Cipher suites, behind them at least one compression method. */
static int look_at_suites(struct cursor *c, uint32_t length)
{
	uint16_t suites;

	if (!cursor_u16(c, &suites))
		return RESULT_MORE;
	if (suites == 0 || suites % 2 != 0 || length < 2u + suites + 2u)
		return RESULT_NOT_TLS;
	return RESULT_OK;
}

/* One suite, one compression method, then the end or extensions that reach it exactly. */
static int look_at_choice(struct cursor *c, uint32_t length)
{
	uint16_t extensions;

	if (length < 3)
		return RESULT_NOT_TLS;
	if (!cursor_skip(c, 3))
		return RESULT_MORE;
	if (length == 3)
		return RESULT_OK;
	if (!cursor_u16(c, &extensions))
		return RESULT_MORE;
	return length == 5u + extensions ? RESULT_OK : RESULT_NOT_TLS;
}

static int look_at_hello(const uint8_t *bytes, size_t size, uint8_t wanted)
{
	struct look look;
	struct cursor c;
	uint32_t length;
	int result;

	look.count = look.first_record = 0;
	result = gather(&look, cursor_over(bytes, size));
	c = cursor_over(look.bytes, look.count);
	if (result == RESULT_OK)
		result = look_at_header(&look, &c, wanted, &length);
	if (result == RESULT_OK)
		result = look_at_start(&c, &length);
	if (result != RESULT_OK)
		return result;
	return wanted == TYPE_CLIENT_HELLO ? look_at_suites(&c, length)
					   : look_at_choice(&c, length);
}

/* The SSLv2 forms: their block lengths add up to the record's. */

static int look_at_ssl2_client(struct cursor c, uint16_t length)
{
	uint16_t version, specs, session_id, challenge;

	if (!cursor_u16(&c, &version))
		return RESULT_MORE;
	if (!is_ssl2_hello_version(version) || version > 0x0304)
		return RESULT_NOT_TLS;
	if (!cursor_u16(&c, &specs) || !cursor_u16(&c, &session_id) || !cursor_u16(&c, &challenge))
		return RESULT_MORE;
	if (specs == 0 || specs % 3 != 0 || session_id > 32 || challenge < 16 || challenge > 32 ||
	    length != 9u + specs + session_id + challenge)
		return RESULT_NOT_TLS;
	return RESULT_OK;
}

static int look_at_ssl2_server(struct cursor c, uint16_t length)
{
	uint8_t hit, certificate_type;
	uint16_t version, certificate, specs, connection_id;

	if (!cursor_u8(&c, &hit))
		return RESULT_MORE;
	if (hit > 1)
		return RESULT_NOT_TLS;
	if (!cursor_u8(&c, &certificate_type) || !cursor_u16(&c, &version))
		return RESULT_MORE;
	if (version != 0x0002)
		return RESULT_NOT_TLS;
	if (!cursor_u16(&c, &certificate) || !cursor_u16(&c, &specs) ||
	    !cursor_u16(&c, &connection_id))
		return RESULT_MORE;
	if (specs % 3 != 0 || connection_id > 32 ||
	    length != 11u + certificate + specs + connection_id)
		return RESULT_NOT_TLS;
	return RESULT_OK;
}

static int look_at_ssl2(const uint8_t *bytes, size_t size, uint8_t wanted)
{
	struct cursor c = cursor_over(bytes, size);
	uint16_t length;
	uint8_t type;

	if (!cursor_u16(&c, &length) || !cursor_u8(&c, &type))
		return RESULT_MORE;
	if (type != wanted)
		return RESULT_NOT_TLS;
	length &= 0x7fff;
	return type == SSL2_CLIENT_HELLO ? look_at_ssl2_client(c, length)
					 : look_at_ssl2_server(c, length);
}

int tls_record_looks_like_client_hello(const uint8_t *bytes, size_t length)
{
	if (length > 0 && (bytes[0] & 0x80) != 0)
		return look_at_ssl2(bytes, length, SSL2_CLIENT_HELLO);
	return look_at_hello(bytes, length, TYPE_CLIENT_HELLO);
}

int tls_record_looks_like_server_hello(const uint8_t *bytes, size_t length)
{
	if (length > 0 && (bytes[0] & 0x80) != 0)
		return look_at_ssl2(bytes, length, SSL2_SERVER_HELLO);
	return look_at_hello(bytes, length, TYPE_SERVER_HELLO);
}
