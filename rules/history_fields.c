/* What conditions can ask of the past. The sensor's history.c answers by name: a new row here is
 * one there. */
#include "history_fields.h"

#define HOST_FIELDS(of, whom)                                                                      \
	{of ".known", RULES_BOOLEAN, NULL, 0, "Whether " whom " was seen before.", "true"},        \
	    {of ".first_seen", RULES_TIME, NULL, 0, "When " whom " was first seen.",               \
		"2026-03-01T08:15:30Z"},                                                           \
	    {of ".last_seen", RULES_TIME, NULL, 0, "When " whom " was last seen.",                 \
		"2026-03-01T08:15:30Z"},                                                           \
	    {of ".sessions", RULES_NUMBER, NULL, 0, "Sessions of " whom " ever seen.", "1204"},    \
	    {of ".sessions_24h", RULES_NUMBER, NULL, 0,                                            \
		"Sessions of " whom " in the last 24 hours, as this sensor saw them.", "37"},      \
	    {of ".versions", RULES_VERSIONS, NULL, 0, "All versions that " whom " negotiated.",    \
		"1.0 1.2"},                                                                        \
	    {of ".best_version", RULES_VERSION, NULL, 0,                                           \
		"The highest version that " whom " negotiated.", "1.2"},                           \
	    {of ".last_version", RULES_VERSION, NULL, 0,                                           \
		"The version that " whom " negotiated last.", "1.2"},                              \
	    {of ".was_encrypted", RULES_BOOLEAN, NULL, 0,                                          \
		"Whether " whom " negotiated TLS at least once.", "true"},                         \
	    {of ".legacy_since", RULES_TIME, NULL, 0,                                              \
		"When " whom " first negotiated less than TLS 1.2.", "2026-03-01T08:15:30Z"},      \
	    {of ".legacy_last", RULES_TIME, NULL, 0,                                               \
		"When " whom " was last to blame for less than TLS 1.2.", "2026-03-01T08:15:30Z"}, \
	{                                                                                          \
		of ".plaintext_last", RULES_TIME, NULL, 0,                                         \
		    "When mail of " whom " last went in the clear.", "2026-03-01T08:15:30Z"        \
	}

const struct history_field history_fields[] = {
    HOST_FIELDS("server", "the server"),
    HOST_FIELDS("client", "the client"),
    HOST_FIELDS("pair", "the pair of client and server"),
};

const size_t history_field_count = sizeof(history_fields) / sizeof(history_fields[0]);
