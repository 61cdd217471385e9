/*
 * Bytes of SMTP as text: words in any case (RFC 5321 section 2.4), whether it is text at all, and
 * what of it may be shown.
 */
#ifndef TLSVANE_SMTP_TEXT_H
#define TLSVANE_SMTP_TEXT_H

#include "cursor.h"

/* ASCII only: the locale has no say in a protocol. */
static inline uint8_t smtp_text_upper(uint8_t b)
{
	return b >= 'a' && b <= 'z' ? (uint8_t)(b - 'a' + 'A') : b;
}

/* Whether the bytes are those of `word`, in any case. All words are given in upper case; this one
 * is as long as the bytes. */
static inline bool smtp_text_same(struct cursor bytes, const char *word)
{
	uint8_t b;

	for (size_t i = 0; cursor_peek(&bytes, i, &b); i++) {
		if (b != (uint8_t)word[i] && smtp_text_upper(b) != (uint8_t)word[i])
			return false;
	}
	return true;
}

/* Whether `text` begins with `word`, or has it in it. */
bool smtp_text_begins(struct cursor text, const char *word);
bool smtp_text_contains(struct cursor text, const char *word);

/* Too many control characters for a line of text, judged so that more bytes never take it back. */
bool smtp_text_is_binary(struct cursor text);

/* Copies text as printable UTF-8, every other byte or character as '?', cut at a character,
 * NUL-terminated; `size` is at least 1. */
void smtp_text_keep(char *to, size_t size, struct cursor text);

#endif
