/*
 * The names of our Redis keys, for the store and for the query tool: formats that hold "%s" and no
 * other directive. <s>, <c>: addresses as RFC 5952 writes them. Everything about one server shares
 * the hash tag {<s>}.
 */
#ifndef TLSVANE_STORE_KEYS_H
#define TLSVANE_STORE_KEYS_H

#include <stddef.h>

#define STORE_SCHEMA  "1"
#define STORE_KEY_MAX 256 /* bytes of the longest key, with its NUL */

#define KEY_PAIR       "tlsvane:pair:{%s}:%s:%s" /* server, client, sensor */
#define KEY_SERVER     "tlsvane:server:{%s}:%s"	 /* server, sensor */
#define KEY_CLIENT     "tlsvane:client:{%s}:%s"	 /* client, sensor */
#define KEY_DAY	       "tlsvane:day:%s:%s"	 /* YYYY-MM-DD, sensor */
#define KEY_CLIENTS_OF "tlsvane:clients-of:{%s}" /* server -> clients by last_seen */
#define KEY_SERVERS_OF "tlsvane:servers-of:{%s}" /* client -> servers by last_seen */
#define KEY_SENSOR     "tlsvane:sensor:%s"	 /* sensor */
#define KEY_LEASE      "tlsvane:lease:%s"	 /* sensor */

#define KEY_LEGACY_SERVERS    "tlsvane:legacy:servers" /* by the last time they did it, ms */
#define KEY_LEGACY_CLIENTS    "tlsvane:legacy:clients"
#define KEY_PLAINTEXT_SERVERS "tlsvane:plaintext:servers"
#define KEY_PLAINTEXT_CLIENTS "tlsvane:plaintext:clients"
#define KEY_DOWNGRADE_SERVERS "tlsvane:downgrade:servers"
#define KEY_FALLBACK_SERVERS  "tlsvane:fallback:servers"
#define KEY_FALLBACK_CLIENTS  "tlsvane:fallback:clients"
#define KEY_STRIPPING_SERVERS "tlsvane:stripping:servers"
#define KEY_STRIPPING_CLIENTS "tlsvane:stripping:clients"

/*
 * Alerts, of all sensors together (alert_claim.c). KEY_ALERT: hash of rule, key, state (firing,
 * resolved), version (grows with every change), episode (how often it began to fire), since,
 * notified, match, clean (ms), and token:<sensor>, the last change that sensor made.
 */
#define KEY_ALERT	  "tlsvane:alert:{%s}"	 /* id: 32 hex digits of rule and key */
#define KEY_ALERTS_FIRING "tlsvane:alert:firing" /* ids by the time of their last change */
#define KEY_ALERTS	  "tlsvane:alerts:%s"	 /* sensor: the stream of its alerts */
#define CHANNEL_ALERTS	  "tlsvane:alerts"

/*
 * The enforcement clock (tlsvane enforce). KEY_ENFORCE_HOST: hash of reported (ms, written once),
 * rule, breach, clean (ms). KEY_ENFORCE_PAUSES, of a host or of "all": hash of beginnings to ends
 * (ms).
 */
#define KEY_ENFORCE_HOST   "tlsvane:enforce:host:{%s}"
#define KEY_ENFORCE_PAUSES "tlsvane:enforce:pauses:{%s}"
#define KEY_ENFORCE_HOSTS  "tlsvane:enforce:hosts" /* by when they were first reported, ms */
#define KEY_ENFORCE_LEFT   "tlsvane:enforce:left"  /* the last ones that left, by when, ms */

#define KEY_SENSORS "tlsvane:sensors"
#define KEY_SCHEMA  "tlsvane:schema"

/* Puts words into the "%s" of one of these formats, as many as it has: each entry of the tally has
 * a key, and printf would take much longer. Returns the key's length; one that is too long is cut.
 */
size_t store_fill_key(char key[STORE_KEY_MAX], const char *format, const char *const words[]);

#endif
