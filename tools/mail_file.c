/* Messages of a file, as far as their headers. Bodies are passed over line by line. */
#include "mail_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

#define FROM	    "From "
#define FROM_LENGTH (sizeof(FROM) - 1)
#define BUFFER_SIZE 65536 /* bytes read at once */

struct mail_file {
	FILE *in;
	struct mail_counts *counts;
	mail_stamp *each;
	void *context;
	bool mbox;
	bool in_headers;
	bool at_line;	   /* the next byte begins a line of a body */
	bool behind_blank; /* ... and the line before it was empty */
	uint64_t message;
	struct received_reader reader;
	uint8_t kept[RECEIVED_TEXT_MAX];
	size_t used; /* bytes of `buffer` that wait */
	uint8_t buffer[BUFFER_SIZE];
};

static void hand_over(struct mail_file *m)
{
	struct received_stamp stamp;

	received_read(cursor_over(m->kept, m->reader.used), &stamp, NULL);
	stamp.hop = (uint8_t)m->reader.hops;
	received_forget(&m->reader, m->kept);
	if (m->message == 0)
		m->message = ++m->counts->messages;
	m->counts->stamps++;
	m->each(m->context, m->message, &stamp);
}

static void begin_message(struct mail_file *m)
{
	m->reader = (struct received_reader){0};
	m->in_headers = true;
	m->message = 0;
}

static void end_message(struct mail_file *m)
{
	if (m->in_headers && received_end(&m->reader) == RESULT_OK)
		hand_over(m);
	m->in_headers = false;
}

/* Reads on in the headers, one line: the next one may begin the body. */
static void read_headers(struct mail_file *m, struct cursor *in)
{
	struct cursor line;
	uint8_t *end = memchr(in->at, '\n', in->left);

	if (!cursor_take(in, end != NULL ? (size_t)(end - in->at) + 1 : in->left, &line))
		return;
	while (received_next(&m->reader, m->kept, &line) == RESULT_OK)
		hand_over(m);
	if (!received_over(&m->reader))
		return;
	m->in_headers = false;
	m->at_line = m->behind_blank = end != NULL;
}

/* Whether the line that begins here is one of an mbox in front of a message. False with *waits:
 * there is too little of it to say. */
static bool is_from_line(const struct mail_file *m, const struct cursor *in, bool *waits)
{
	size_t seen = in->left < FROM_LENGTH ? in->left : FROM_LENGTH;
	bool may = m->mbox && m->at_line && m->behind_blank && memcmp(in->at, FROM, seen) == 0;

	*waits = may && seen < FROM_LENGTH;
	return may && !*waits;
}

/* Passes over a line of a body, or what there is of it. */
static void pass_line(struct mail_file *m, struct cursor *in)
{
	uint8_t first = *in->at;
	size_t before = in->left;
	bool whole = smtp_line_pass(in);
	size_t length = before - in->left;

	m->behind_blank = whole && m->at_line && (length == 1 || (length == 2 && first == '\r'));
	m->at_line = whole;
}

/* Reads what is in the buffer; at the file's end all of it. */
static void read_buffer(struct mail_file *m, bool last)
{
	struct cursor in = cursor_over(m->buffer, m->used);
	bool waits = false;

	while (in.left > 0) {
		if (m->in_headers) {
			read_headers(m, &in);
		} else if (is_from_line(m, &in, &waits)) {
			begin_message(m);
		} else if (waits && !last) {
			break;
		} else {
			pass_line(m, &in);
		}
	}
	memmove(m->buffer, in.at, in.left);
	m->used = in.left;
}

/* A capture is what this tool mostly reads. */
static bool is_capture(const uint8_t *bytes, size_t length)
{
	static const uint8_t magics[][4] = {{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1},
	    {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, {0x0a, 0x0d, 0x0d, 0x0a}};

	for (size_t i = 0; length >= 4 && i < sizeof(magics) / sizeof(magics[0]); i++)
		if (memcmp(bytes, magics[i], 4) == 0)
			return true;
	return false;
}

static int say_unreadable(const char *path, int reason)
{
	return say_error(EXIT_USAGE, "cannot read %s: %s; %s", path, strerror(reason),
	    reason == EISDIR ? "give a message or an mbox" : "check the path");
}

static int read_all(struct mail_file *m, const char *path)
{
	uint64_t before = m->counts->stamps;
	size_t got;
	bool first = true;

	begin_message(m);
	do {
		got = fread(m->buffer + m->used, 1, sizeof(m->buffer) - m->used, m->in);
		if (ferror(m->in))
			return say_unreadable(path, errno);
		m->used += got;
		if (first && is_capture(m->buffer, m->used))
			return say_error(EXIT_USAGE,
			    "%s is a capture, not a message; tlsvane read %s shows it", path, path);
		if (first)
			m->mbox =
			    m->used >= FROM_LENGTH && memcmp(m->buffer, FROM, FROM_LENGTH) == 0;
		first = false;
		read_buffer(m, got == 0);
	} while (got > 0);
	end_message(m);
	if (m->counts->stamps > before)
		return 0;
	return say_error(EXIT_FAILED,
	    "no Received: header in %s; it has to be a message with its headers, or an mbox", path);
}

int mail_file_read(const char *path, struct mail_counts *counts, mail_stamp *each, void *context)
{
	struct mail_file *m = calloc(1, sizeof(*m));
	bool input = strcmp(path, "-") == 0;
	int status;

	if (m == NULL)
		return say_error(EXIT_FAILED, "out of memory");
	m->counts = counts;
	m->each = each;
	m->context = context;
	m->in = input ? stdin : fopen(path, "rb");
	status = m->in == NULL ? say_unreadable(path, errno)
			       : read_all(m, input ? "standard input" : path);
	if (m->in != NULL && !input)
		fclose(m->in);
	free(m);
	return status;
}
