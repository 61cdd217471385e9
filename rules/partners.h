/*
 * Partners: what a domain, address or network must do, as a section of the rules file. It becomes
 * rules (partners.c writes them as a file of rules that the first includes), so that there is no
 * second engine: they fire, are tested, explained and disabled as all others are.
 *
 *   partners:
 *     - name: acme
 *       domains: [acme.example]           of HELO names, SNI and banners
 *       addresses: [198.51.100.0/24]
 *       direction: both                   inbound: they send; outbound: we do
 *       tls: mutual                       opportunistic, forced or mutual
 *       min_version: 1.2
 *       certificate: [mx.acme.example]    one of these names must be in the server's
 *       via: [192.0.2.40]                 smart hosts: behind them nothing can be seen
 *       owner: who answers for it
 *       severity: error
 *       exempt: {until: 2026-12-31, owner: "...", reason: "...", warn: 14d}
 *
 * gives partner-acme-plaintext, -version, -mutual, -certificate, -hop and -exemption.
 */
#ifndef TLSVANE_RULES_PARTNERS_H
#define TLSVANE_RULES_PARTNERS_H

#include <stddef.h>

#include "rule_file.h"

#define RULES_PARTNERS_MAX	  1000 /* of one file */
#define RULES_PARTNER_HOSTS_MAX	  1000 /* addresses or names of one partner */
#define RULES_PARTNER_DOMAINS_MAX 100  /* domains: they stand in one regular expression */

struct rules_partner {
	const char *name;
	const struct rule *scope; /* its condition holds for sessions with the partner; fires
				     nothing */
};

size_t rule_file_partner_count(const struct rule_file *file);
const struct rules_partner *rule_file_partner(const struct rule_file *file, size_t i);

#endif
