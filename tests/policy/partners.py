#!/usr/bin/env python3
"""Partner policies, each from a real capture to its alert; and for every pair, from Redis.

partners.py WORK REDIS-SOCKET; BUILD as everywhere."""
import json
import os

from common import BUILD, SOCKET, WORK, end, redis, run, say


def write(policy):
    with open(f"{WORK}/partners.yaml", "w") as file:
        file.write(f"partners:\n  - {{name: acme, {policy}}}\n")


def alerts(capture, policy, day=None):
    """The alerts of a capture (of that day) under a policy: rule -> message."""
    write(policy)
    path = f"tests/captures/{capture}.pcap"
    if day:
        made = run("tests/policy/month.py", f"{WORK}/day.pcap", "1", day, path)
        assert made.returncode == 0, made.stderr
        path = f"{WORK}/day.pcap"
    redis("flushall")
    for name in os.listdir(WORK):  # what the sensor remembers of alerts
        if name.startswith("spool"):
            os.unlink(f"{WORK}/{name}")
    done = run(f"{BUILD}/tlsvane-sensor", "-r", path, "--redis", f"unix:{SOCKET}", "--name", "test", "--spool", f"{WORK}/spool",
               "--rules", f"{WORK}/partners.yaml")
    assert done.returncode == 0, done.stderr
    lines = redis("xrange", "tlsvane:alerts:test", "-", "+").splitlines()
    global said
    said = done.stderr
    found = [json.loads(line) for line in lines if line.startswith('{"')]
    return {a["rule"]["name"].removeprefix("partner-acme-"): a["message"] for a in found}


def hold(name, capture, policy, wanted, words="", day=None):
    got = alerts(capture, policy, day)
    say(set(got) == set(wanted.split()) and all(words in message for message in got.values()), name, (got, said))


EXIM, POSTFIX = "addresses: [192.0.2.26]", "addresses: [192.0.2.25]"

# ---- TLS forced, kept and broken; by address, network and name ----

hold("forced/kept", "tls12-exim-exim", f"{EXIM}, tls: forced", "")
hold("forced/broken", "starttls-not-offered-postfix-exim", f"{EXIM}, tls: forced, owner: purchasing", "plaintext",
     "partner acme (purchasing): mail from 192.0.2.10 to 192.0.2.26 went in the clear")
hold("forced/unused", "starttls-unused-exim-sendmail", "addresses: [192.0.2.28], tls: forced", "plaintext")
hold("forced/network", "starttls-not-offered-postfix-exim", "addresses: [192.0.2.0/27], tls: forced", "plaintext")
hold("forced/others", "starttls-not-offered-postfix-exim", f"{POSTFIX}, tls: forced", "")
hold("forced/opportunistic", "starttls-not-offered-postfix-exim", f"{EXIM}, tls: opportunistic", "")
hold("forced/retried", "what-if-after-postfix", "domains: [example.org], tls: forced", "plaintext")
hold("name/helo", "starttls-not-offered-postfix-exim", "domains: [example.org], tls: forced", "plaintext")
hold("name/banner", "starttls-not-offered-postfix-exim", "domains: [EXAMPLE.net], direction: outbound, tls: forced", "plaintext")
hold("name/not-a-suffix", "starttls-not-offered-postfix-exim", "domains: [ample.net, x.example.net], tls: forced", "")
hold("direction/inbound", "starttls-not-offered-postfix-exim", f"{EXIM}, direction: inbound, tls: forced", "")
hold("direction/outbound", "starttls-not-offered-postfix-exim", f"{EXIM}, direction: outbound, tls: forced", "plaintext")

# ---- Versions ----

hold("version/kept", "tls12-exim-exim", f"{EXIM}, min_version: 1.2", "")
hold("version/broken", "tls12-exim-exim", f"{EXIM}, min_version: 1.3", "version", "negotiated TLS 1.2, too old")
hold("version/name", "tls10-gnutls-postfix", "domains: [example.net], min_version: 1.2", "version")

# ---- Mutual ----

hold("mutual/kept", "mutual12-postfix-postfix", f"{POSTFIX}, tls: mutual", "")
hold("mutual/asked-and-not-sent", "mutual12-declined-exim-postfix", f"{POSTFIX}, tls: mutual", "mutual",
     "192.0.2.11 showed 192.0.2.25 no certificate, asked for one: true")
hold("mutual/not-asked", "tls12-exim-exim", f"{EXIM}, tls: mutual", "mutual", "asked for one: false")
hold("mutual/hidden", "mutual13-openssl-openssl", "addresses: [192.0.2.29], tls: mutual", "")
hold("mutual/resumed", "resume12-ticket-openssl-postfix", f"{POSTFIX}, tls: mutual", "mutual")

# ---- Certificates ----

hold("certificate/right", "tls12-exim-exim", f"{EXIM}, certificate: [mx.other.example, mx.example.net]", "")
hold("certificate/wrong", "tls12-exim-exim", f"{EXIM}, certificate: [mx.acme.example]", "certificate",
     "is for mx.example.net, not for the name expected")
hold("certificate/anonymous", "tls12-anonymous-postfix-postfix", f"{POSTFIX}, certificate: [mx.example.net]", "certificate")
hold("certificate/hidden", "tls13-openssl-exim" if os.path.exists("tests/captures/tls13-openssl-exim.pcap")
     else "tls13-chacha-openssl-exim", f"{EXIM}, certificate: [mx.acme.example]", "")
hold("certificate/theirs-alone", "tls12-exim-exim", "addresses: [192.0.2.11], certificate: [mx.acme.example]", "")

# ---- Exemptions ----

exempt = f"{EXIM}, tls: forced, exempt: {{until: 2026-12-31, owner: Ada, reason: new gateway, warn: 14d}}"
hold("exempt/holds", "starttls-not-offered-postfix-exim", exempt, "", day="2026-12-16")
hold("exempt/ends-soon", "starttls-not-offered-postfix-exim", exempt, "exemption",
     "its exemption ends 2026-12-31 (owner Ada, reason new gateway)", day="2026-12-17")
hold("exempt/ends-soon-others", "tls12-exim-exim", exempt.replace("192.0.2.26", "198.51.100.1"), "exemption", day="2026-12-30")
hold("exempt/expired", "starttls-not-offered-postfix-exim", exempt, "plaintext", "its exemption ended 2026-12-31", day="2026-12-31")

# ---- A smart host in between ----

hold("hop/named", "tls12-exim-exim", "domains: [acme.example], tls: forced, via: [192.0.2.26]", "hop",
     "192.0.2.11 to 192.0.2.26 is the hop of a smart host; what is behind it, this policy cannot see")
hold("hop/held-to-it", "starttls-not-offered-postfix-exim", "domains: [acme.example], tls: forced, via: [192.0.2.26]", "hop plaintext")
hold("hop/no-certificate", "tls12-exim-exim", "domains: [acme.example], certificate: [mx.acme.example], via: [192.0.2.26]", "hop")

# ---- For every pair, from Redis ----


def pairs(policy, *captures):
    write(policy)
    redis("flushall")
    for capture in captures:
        done = run(f"{BUILD}/tlsvane-sensor", "-r", f"tests/captures/{capture}.pcap", "--redis", f"unix:{SOCKET}", "--name", "test", "--spool", f"{WORK}/spool")
        assert done.returncode == 0, done.stderr
    done = run(f"{BUILD}/tlsvane", "what-if", "--rules", f"{WORK}/partners.yaml", "--json", "--redis", f"unix:{SOCKET}")
    assert done.returncode == 0, done.stderr
    return {(r["client"]["ip"], r["server"]["ip"]): (r["fate"], r["why"].removeprefix("partner-acme-"))
            for r in map(json.loads, done.stdout.splitlines())}, done.stderr


got, said = pairs(f"{EXIM}, tls: forced, min_version: 1.3", "tls12-exim-exim", "starttls-not-offered-postfix-exim",
                  "tls13-chacha-openssl-exim", "tls12-rsa-openssl-postfix")
say(got == {("192.0.2.11", "192.0.2.26"): ("fails_or_in_the_clear", "version"),
            ("192.0.2.10", "192.0.2.26"): ("fails", "plaintext")} and "acme: 3 sessions" in said, "pairs/broken", (got, said))
got, said = pairs("domains: [example.net], tls: forced", "starttls-not-offered-postfix-exim", "tls12-exim-exim")
say(got == {("192.0.2.10", "192.0.2.26"): ("fails", "plaintext")}, "pairs/name", (got, said))
got, said = pairs("addresses: [192.0.2.29], tls: mutual", "mutual13-openssl-openssl")
say(got == {("192.0.2.14", "192.0.2.29"): ("not_known", "mutual")}, "pairs/hidden", (got, said))
got, said = pairs(f"{POSTFIX}, tls: mutual", "mutual12-declined-exim-postfix", "mutual12-postfix-postfix")
say(got == {("192.0.2.11", "192.0.2.25"): ("fails_or_in_the_clear", "mutual")}, "pairs/mutual", (got, said))
got, said = pairs("domains: [acme.example], tls: forced", "tls12-exim-exim")
say(got == {} and "Partner acme was never seen" in said, "pairs/never-seen", (got, said))

# ---- The pack, and what is wrong ----

done = run(f"{BUILD}/tlsvane", "rules", "check", "rules/partners.yaml")
say(done.returncode == 0, "pack", done.stderr)
for name, policy, words in (
        ("nobody", "tls: forced", "a partner that nobody is; add domains: or addresses:"),
        ("tls", f"{EXIM}, tls: always", "tls is opportunistic, forced or mutual"),
        ("key", f"{EXIM}, adresses: []", "has no key adresses; did you mean addresses?"),
        ("address", "addresses: [192.0.2]", "write 192.0.2.0/24 or 2001:db8::1"),
        ("domain", "domains: ['acme.example) or true']", "write a domain: acme.example"),
        ("certificate", f"{EXIM}, certificate: ['mx..\"']", "write a name"),
        ("version", f"{EXIM}, min_version: 1.4", "min_version is 1.0, 1.1, 1.2 or 1.3"),
        ("severity", f"{EXIM}, severity: bad", "that is no severity"),
        ("owner", f"{EXIM}, owner: 'a {{server.ip}}'", "owner goes into messages"),
        ("exempt", f"{EXIM}, exempt: yes", "exempt must be a map"),
        ("until", f"{EXIM}, exempt: {{until: soon, owner: a, reason: b}}", "write until: 2026-12-31"),
        ("reason", f"{EXIM}, exempt: {{until: 2026-12-31, owner: a}}", "reason is missing"),
        ("warn", f"{EXIM}, exempt: {{until: 2026-12-31, owner: a, reason: b, warn: x}}", "write 14d")):
    write(policy)
    done = run(f"{BUILD}/tlsvane", "rules", "check", f"{WORK}/partners.yaml")
    say(done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1 and "yaml:2:" in done.stderr,
        f"wrong/{name}", done.stderr)
with open(f"{WORK}/partners.yaml", "w") as file:
    file.write("partners:\n  - {name: a, addresses: [192.0.2.1], tls: forced}\n  - {name: a, addresses: [192.0.2.2]}\n")
done = run(f"{BUILD}/tlsvane", "rules", "check", f"{WORK}/partners.yaml")
say(done.returncode == 2 and "already" in done.stderr, "wrong/twice", done.stderr)

end()
