#!/usr/bin/env python3
"""rules.py COUNT: a rules file of so many rules, no two alike, of every kind in turn. The first one fires at times."""
import sys

KINDS = [
    'tls.version < 1.2 and server.ip in [10.{a}.{b}.0/24]',
    'tls.version < 1.2 and smtp.helo under partner{n}.example and not server.ip in @exempt',
    'smtp.banner matches "*Mailer{n} *"',
    'smtp.banner ~ "ESMTP Product{n}[ /][0-9]+"',
    'client.ip in [10.{a}.{b}.0/24, 172.16.{b}.0/28, "2001:db8:{n}::/48"] and tls.cipher matches "*_CBC_*"',
    'tlsvane.outcome = tls_failed and server.port = {port}',
    'smtp.plaintext_mail and server.ip in @servers{list}',
    'tls.client.server_name in [mx{n}.example.net, smtp{n}.example.org]',
    'tls.cipher in [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_256_CBC_SHA] and client.ip in [10.{b}.{a}.0/24]',
    'server.ip = 198.18.{a}.{b} or (direction = inbound and tls.dh_bits < 2048 and client.ip in [10.{a}.{b}.0/24])',
    'smtp.helo ~ "^(out|smtp)[0-9]*[.]pool{n}[.]example$"',
    'event.duration > {n}m and not tls.resumed and tls.version < 1.3',
]


def main():
    count = int(sys.argv[1])
    print('networks: {own: [198.18.0.0/16]}')
    print('lists:\n  exempt: [198.18.1.1, 198.18.2.0/24]')
    for i in range(10):
        print(f'  servers{i}: [' + ', '.join(f'10.200.{i}.{j}' for j in range(100)) + ']')
    print('rules:')
    print('  - {name: rule-0, key: [server.ip], when: tls.version < 1.2, then: [{json: /dev/null}]}')
    for n in range(1, count):
        when = KINDS[n % len(KINDS)].format(a=n // 256, b=n % 256, n=n, port=1024 + n, list=n % 10)
        print(f"  - {{name: rule-{n}, key: [server.ip], when: '{when}'}}")


main()
