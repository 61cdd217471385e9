/* tlsvane server IP: what one server was seen to do. */
#include "commands.h"
#include "host.h"

int cmd_server(const struct options *o)
{
	return host_command(o, true);
}
