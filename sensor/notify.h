/*
 * What the service manager hears (sd_notify(3)): ready, still alive, in which state. Without
 * systemd, or with another Type=, all of this does nothing. One a process: the supervisor's.
 */
#ifndef TLSVANE_NOTIFY_H
#define TLSVANE_NOTIFY_H

/* Connects to the manager's socket, and takes NOTIFY_SOCKET and WATCHDOG_USEC out of the
 * environment, so that no child speaks in our name. Nothing is opened later. */
void notify_open(void);

/* In a child: no word in our parent's name. */
void notify_close(void);

/* All is open and packets are read; `status` is a line for "systemctl status". */
void notify_ready(const char *status);

/* A new line for "systemctl status"; says nothing where it is the old one. */
void notify_status(const char *status);

/* Behind SIGHUP, and notify_ready() when it is done; when the end begins. */
void notify_reloading(void);
void notify_stopping(void);

/* To be called often where work goes on: tells the watchdog at a third of its time. */
void notify_alive(void);

#endif
