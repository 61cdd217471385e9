/* tlsvane client IP: what one client was seen to do. */
#include "commands.h"
#include "host.h"

int cmd_client(const struct options *o)
{
	return host_command(o, false);
}
