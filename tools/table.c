/* Rows collected and laid out as a table; CSV and JSON are table_write.c. */
#include "table.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "say.h"
#include "table_rows.h"

#define GAP	  2  /* blanks between two columns */
#define WIDTH_MIN 40 /* a terminal narrower than this is treated as this wide */

static const char *const escapes[STYLES] = {
    [STYLE_DIM] = "\033[2m",
    [STYLE_GOOD] = "\033[32m",
    [STYLE_WARN] = "\033[33m",
    [STYLE_BAD] = "\033[31m",
    [STYLE_HEAD] = "\033[1m",
};

const char *style_on(enum style style, bool color)
{
	return color && escapes[style] != NULL ? escapes[style] : "";
}

const char *style_off(enum style style, bool color)
{
	return color && escapes[style] != NULL ? "\033[0m" : "";
}

unsigned table_width(FILE *to)
{
	struct winsize size;

	if (!isatty(fileno(to)))
		return 0;
	if (ioctl(fileno(to), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* C0, DEL, and C1 in their UTF-8 form (C2 80 to C2 9F). */
static bool is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
}

void write_clean_part(FILE *to, const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text;

	for (; length > 0 && *s != '\0'; s++, length--)
		putc(is_control(s) ? '?' : *s, to);
}

void write_clean(FILE *to, const char *text)
{
	write_clean_part(to, text, SIZE_MAX);
}

/* Characters of a text, as UTF-8 counts them. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

struct table *table_new(
    FILE *to, const struct options *o, const struct column *columns, size_t count)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->to = to;
	t->columns = columns;
	t->column_count = count;
	t->format = o->format;
	t->color = options_color(o, to);
	t->width = table_width(to);
	if (t->format == OUTPUT_CSV)
		table_write_csv_header(t);
	return t;
}

bool table_alive(const struct table *t)
{
	return !t->short_of_memory && !ferror(t->to);
}

/* Appends a text to the arena; its offset, or 0 (the empty text there) when memory is short. */
static size_t keep_text(struct table *t, const char *text)
{
	size_t length = strlen(text) + 1, at = t->text_used == 0 ? 1 : t->text_used;

	if (at + length > t->text_room) {
		size_t room = (at + length) * 2 + 4096;
		char *grown = realloc(t->text, room);

		if (grown == NULL) {
			t->short_of_memory = true;
			return 0;
		}
		t->text = grown;
		t->text_room = room;
		t->text[0] = '\0';
	}
	memcpy(t->text + at, text, length);
	t->text_used = at + length;
	return at;
}

static void keep_cell(struct table *t, const char *text, enum style style)
{
	if (t->cell_count == t->cell_room) {
		size_t room = t->cell_room == 0 ? 256 : t->cell_room * 2;
		struct cell *cells = reallocarray(t->cells, room, sizeof(*cells));

		if (cells == NULL) {
			t->short_of_memory = true;
			return;
		}
		t->cells = cells;
		t->cell_room = room;
	}
	t->cells[t->cell_count].text = keep_text(t, text);
	t->cells[t->cell_count++].style = (uint8_t)style;
}

void table_put(struct table *t, const char *text, enum style style)
{
	const struct column *column = &t->columns[t->at++];

	if (column->heading == NULL)
		return;
	if (text == NULL || text[0] == '\0')
		keep_cell(t, "-", STYLE_DIM);
	else
		keep_cell(t, text, style);
}

void table_note(struct table *t, const char *text, enum style style)
{
	if (t->format == OUTPUT_TABLE)
		keep_cell(t, text, style | CELL_NOTE);
}

static const char *cell_text(const struct table *t, const struct cell *cell)
{
	return t->text + cell->text;
}

/* "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" -> "ECDHE_RSA_AES_128_GCM_SHA256"; "TLSv1.0 4" -> "1.0
 * 4"; in place. */
static void leave_words_out(char *text)
{
	static const char *const words[] = {"TLS_", "WITH_", "starttls_", "TLSv"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);

		for (char *at = text; (at = strstr(at, words[i])) != NULL;)
			memmove(at, at + length, strlen(at + length) + 1);
	}
}

/* Calls `visit` with each cell of a shown column; false as soon as it returns false. */
typedef bool cell_visit(struct table *t, struct cell *cell, size_t column, void *context);

static bool each_cell(struct table *t, size_t wanted, cell_visit *visit, void *context)
{
	size_t column = 0, shown = t->layout_count;

	for (size_t i = 0; shown > 0 && i < t->cell_count; i++) {
		if (t->cells[i].style & CELL_NOTE)
			continue;
		if ((wanted == shown || wanted == column) &&
		    !visit(t, &t->cells[i], column, context))
			return false;
		column = (column + 1) % shown;
	}
	return true;
}

static bool measure(struct table *t, struct cell *cell, size_t column, void *context)
{
	size_t width = text_width(cell_text(t, cell));

	(void)context;
	if (width > t->layout[column].width)
		t->layout[column].width = width;
	return true;
}

static bool same_day(struct table *t, struct cell *cell, size_t column, void *context)
{
	const char **day = context, *text = cell_text(t, cell);

	(void)column;
	if (strlen(text) < 12)
		return text[0] == '-';
	if (*day == NULL)
		*day = text;
	return strncmp(*day, text, 11) == 0;
}

static bool drop_day(struct table *t, struct cell *cell, size_t column, void *context)
{
	(void)column;
	(void)context;
	if (strlen(cell_text(t, cell)) > 11)
		cell->text += 11;
	return true;
}

static bool drop_words(struct table *t, struct cell *cell, size_t column, void *context)
{
	(void)column;
	(void)context;
	leave_words_out(t->text + cell->text);
	return true;
}

static void measure_column(struct table *t, size_t column)
{
	t->layout[column].width = text_width(t->layout[column].heading);
	each_cell(t, column, measure, NULL);
}

static size_t total_width(const struct table *t)
{
	size_t total = 0;

	for (size_t i = 0; i < t->layout_count; i++)
		if (!t->layout[i].dropped)
			total += t->layout[i].width + GAP;
	return total > GAP ? total - GAP : 0;
}

/* Says the same in fewer letters. */
static void shorten(struct table *t, size_t i)
{
	struct layout *l = &t->layout[i];
	const char *day = NULL;

	if ((l->column->flags & COLUMN_DATE) && each_cell(t, i, same_day, &day) && day != NULL) {
		snprintf(l->day, sizeof(l->day), "%.10s", day);
		l->heading = l->day;
		each_cell(t, i, drop_day, NULL);
	} else if (l->column->flags & COLUMN_WORDS) {
		each_cell(t, i, drop_words, NULL);
	}
	measure_column(t, i);
}

/* The widest column that may still be cut, NULL where none may. */
static struct layout *widest(struct table *t)
{
	struct layout *found = NULL;

	for (size_t i = 0; i < t->layout_count; i++) {
		struct layout *l = &t->layout[i];

		if (!l->dropped && l->column->least > 0 && l->width > l->column->least &&
		    (found == NULL || l->width > found->width))
			found = l;
	}
	return found;
}

/* The next column to be left out, NULL where none may be. */
static struct layout *droppable(struct table *t)
{
	struct layout *found = NULL;

	for (size_t i = 0; i < t->layout_count; i++) {
		struct layout *l = &t->layout[i];

		if (!l->dropped && l->column->drop > 0 &&
		    (found == NULL || l->column->drop < found->column->drop))
			found = l;
	}
	return found;
}

/* What the columns need at least. */
static size_t least_width(const struct table *t)
{
	size_t total = 0;

	for (size_t i = 0; i < t->layout_count; i++) {
		const struct layout *l = &t->layout[i];

		if (!l->dropped)
			total +=
			    (l->column->least > 0 && l->column->least < l->width ? l->column->least
										 : l->width) +
			    GAP;
	}
	return total > GAP ? total - GAP : 0;
}

static void fit(struct table *t)
{
	struct layout *l;

	for (size_t i = 0; i < t->layout_count && total_width(t) > t->width; i++)
		shorten(t, i);
	while (least_width(t) > t->width && (l = droppable(t)) != NULL)
		l->dropped = true;
	while (total_width(t) > t->width && (l = widest(t)) != NULL)
		l->width--;
}

static bool lay_out(struct table *t)
{
	t->layout = calloc(t->column_count, sizeof(*t->layout));
	if (t->layout == NULL)
		return false;
	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].heading == NULL)
			continue;
		t->layout[t->layout_count].column = &t->columns[i];
		t->layout[t->layout_count].heading = t->columns[i].heading;
		t->layout[t->layout_count].width = text_width(t->columns[i].heading);
		t->layout_count++;
	}
	each_cell(t, t->layout_count, measure, NULL);
	if (t->width > 0)
		fit(t);
	return true;
}

/* Writes the characters of a text from `first` on, `count` of them. */
static void write_characters(FILE *to, const char *text, size_t first, size_t count)
{
	size_t at = 0;

	for (const char *s = text; *s != '\0'; s++) {
		at += ((unsigned char)*s & 0xc0) != 0x80;
		if (at > first && at <= first + count)
			putc(is_control((const unsigned char *)s) ? '?' : *s, to);
	}
}

/* Writes a text in `width` characters at most, an ellipsis for what does not fit. */
static void write_cut(FILE *to, const char *text, size_t width, bool middle)
{
	size_t whole = text_width(text), tail = middle && width > 2 ? (width - 1) / 2 : 0;

	if (whole <= width) {
		write_characters(to, text, 0, whole);
		return;
	}
	write_characters(to, text, 0, width - 1 - tail);
	fputs(strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\xe2\x80\xa6" : "~", to);
	write_characters(to, text, whole - tail, tail);
}

static void write_cell(
    struct table *t, const struct layout *l, const char *text, enum style style, bool last)
{
	size_t width = text_width(text), blanks = width < l->width ? l->width - width : 0;
	bool right = (l->column->flags & COLUMN_RIGHT) != 0;

	if (right)
		fprintf(t->to, "%*s", (int)blanks, "");
	fputs(style_on(style, t->color), t->to);
	write_cut(t->to, text, l->width, (l->column->flags & COLUMN_MIDDLE) != 0);
	fputs(style_off(style, t->color), t->to);
	if (!last)
		fprintf(t->to, "%*s", (int)(right ? 0 : blanks) + GAP, "");
}

static size_t last_shown(const struct table *t)
{
	size_t last = 0;

	for (size_t i = 0; i < t->layout_count; i++)
		if (!t->layout[i].dropped)
			last = i;
	return last;
}

static void write_heading(struct table *t, size_t last)
{
	for (size_t i = 0; i < t->layout_count; i++)
		if (!t->layout[i].dropped)
			write_cell(t, &t->layout[i], t->layout[i].heading, STYLE_HEAD, i == last);
	putc('\n', t->to);
}

static void write_table(struct table *t)
{
	size_t column = 0, last = last_shown(t);

	if (t->layout_count == 0)
		return;
	write_heading(t, last);
	for (size_t i = 0; i < t->cell_count && !ferror(t->to); i++) {
		const struct cell *cell = &t->cells[i];
		enum style style = cell->style & (CELL_NOTE - 1);

		if (cell->style & CELL_NOTE) {
			fprintf(t->to, "    %s", style_on(style, t->color));
			write_clean(t->to, cell_text(t, cell));
			fprintf(t->to, "%s\n", style_off(style, t->color));
			continue;
		}
		if (!t->layout[column].dropped)
			write_cell(
			    t, &t->layout[column], cell_text(t, cell), style, column == last);
		column = (column + 1) % t->layout_count;
		if (column == 0)
			putc('\n', t->to);
	}
}

void table_finish(struct table *t)
{
	if (t->format == OUTPUT_TABLE && t->cell_count > 0 && !t->short_of_memory && lay_out(t))
		write_table(t);
	if (t->short_of_memory)
		say_error(EXIT_FAILED, "out of memory; use --limit or --csv");
	free(t->layout);
	free(t->cells);
	free(t->text);
	free(t);
}
