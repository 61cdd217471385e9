/* The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of fields. */
#ifndef TLSVANE_LOG_JOURNAL_H
#define TLSVANE_LOG_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"
#define LOG_JOURNAL_ENTRY  16384 /* bytes of a datagram of ours, at most */

/* Whether `fd` is the stream that systemd tied to the journal, by the device and inode that
 * JOURNAL_STREAM names. */
bool log_journal_is_stream(int fd);

/* A datagram socket connected to `path`, close-on-exec, never blocking. -1 with errno set. A path
 * that begins with '@' is of the abstract name space (unix(7)). */
int log_journal_connect(const char *path);

/* Writes a field of the journal's own, such as MESSAGE. Whatever the value holds, it ends where it
 * should. */
void log_journal_put(FILE *to, const char *name, const char *value, size_t length);

/* Writes a field of ours: "client.ip" becomes TLSVANE_CLIENT_IP. */
void log_journal_put_own(
    FILE *to, const char *name, size_t name_length, const char *value, size_t length);

#endif
