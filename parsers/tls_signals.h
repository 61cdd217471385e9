/*
 * What records that carry no handshake message add to the facts. Each takes a piece of a record of
 * its kind. Only tls_handshake.c includes this.
 */
#ifndef TLSVANE_TLS_SIGNALS_H
#define TLSVANE_TLS_SIGNALS_H

#include "tls_handshake.h"

void tls_take_change_cipher_spec(
    struct tls_handshake *h, enum side side, struct tls_fragment *fragment);
void tls_take_alert(struct tls_handshake *h, enum side side, struct tls_fragment *fragment);
void tls_take_application_data(
    struct tls_handshake *h, enum side side, const struct tls_fragment *fragment);

#endif
