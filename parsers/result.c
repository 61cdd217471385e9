/* Names of results: one table. */
#include "result.h"

#include <stddef.h>

static const char *const names[RESULT_KINDS] = {
    [0] = "ok",
    [-RESULT_CUT] = "cut",
    [-RESULT_NOT_IP] = "not_ip",
    [-RESULT_NOT_TCP] = "not_tcp",
    [-RESULT_FRAGMENT] = "fragment",
    [-RESULT_NOT_TLS] = "not_tls",
    [-RESULT_LINK_TYPE] = "link_type",
    [-RESULT_BAD_LENGTH] = "bad_length",
    [-RESULT_BAD_VALUE] = "bad_value",
    [-RESULT_TOO_DEEP] = "too_deep",
    [-RESULT_TOO_LARGE] = "too_large",
    [-RESULT_BAD_CHECKSUM] = "bad_checksum",
    [-RESULT_ROOM] = "room",
    [-RESULT_HANDOVER] = "handover",
};

const char *result_name(int result)
{
	if (result == RESULT_MORE)
		return "more";
	if (result > 0 || result <= -RESULT_KINDS || names[-result] == NULL)
		return "unknown";
	return names[-result];
}
