/* tlsvane plaintext [servers|clients]: who takes or sends mail in the clear, and why. */
#include <string.h>

#include "commands.h"
#include "plaintext.h"
#include "say.h"
#include "seen.h"

static void write_end(const struct plaintext_hosts *both)
{
	char servers[COUNT_TEXT_MAX], clients[COUNT_TEXT_MAX];

	printf("\nMail in the clear: %s, %s (tlsvane pairs --plaintext says who with whom).\n",
	    count_text(both[0].flagged, "server", "servers", servers),
	    count_text(both[1].flagged, "client", "clients", clients));
}

static int write_hosts(const struct plaintext_hosts *both, const struct options *o)
{
	struct table *t = NULL;

	for (size_t i = 0; i < 2; i++) {
		if (o->format == OUTPUT_TABLE && both[i].list.count == 0)
			continue;
		if (o->format == OUTPUT_TABLE && t != NULL) {
			table_finish(t);
			putchar('\n');
			t = NULL;
		}
		if (t == NULL)
			t = plaintext_table(stdout, o, i == 0);
		if (t == NULL)
			return say_error(EXIT_FAILED, "out of memory");
		plaintext_put(t, &both[i]);
	}
	if (t != NULL)
		table_finish(t);
	return 0;
}

static int answer(struct query *q, const struct options *o, const struct sides *asked)
{
	struct plaintext_hosts both[2] = {{.servers = true}, {.servers = false}};
	int status = EXIT_FAILED;

	if ((!asked->servers || plaintext_read(q, o, true, o->limit, &both[0])) &&
	    (!asked->clients || plaintext_read(q, o, false, o->limit, &both[1])))
		status = write_hosts(both, o);
	if (status == 0 && both[0].list.count + both[1].list.count == 0)
		status = seen_say_none(q, o, "No mail was seen to go in the clear");
	else if (status == 0 && o->format == OUTPUT_TABLE && asked->servers && asked->clients)
		write_end(both);
	plaintext_free(&both[0]);
	plaintext_free(&both[1]);
	return status != 0 ? status : seen_say_health(q, o);
}

int cmd_plaintext(const struct options *o)
{
	return query_answer_sides(o, answer);
}
