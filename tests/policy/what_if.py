#!/usr/bin/env python3
"""Predictions against what came: real captures from before a server switched TLS 1.0 and 1.1 off, and from after.

what_if.py WORK REDIS-SOCKET; BUILD as everywhere. Every session from before is looked up in tlsvane what-if, and held
against what the same client did when the version was really gone."""
import glob
import json

from common import BUILD, REDIS, WORK, end, must, record, redis, run, say

CAPTURES = "tests/captures/what-if-"


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def sessions(*kinds):
    files = [path for kind in kinds for path in sorted(glob.glob(f"{CAPTURES}{kind}-*.pcap"))]
    return rows(must(f"{BUILD}/tlsvane", "read", "--json", *files))


def fill(*captures):
    redis("flushall")
    for capture in captures:
        record(capture)


def ask(*options):
    return rows(must(f"{BUILD}/tlsvane", "what-if", "--json", "--redis", REDIS, *options))


def pair(row):
    return row["client"]["ip"], row["server"]["ip"]


def before_of(session):
    """What a session was before, in the words of the column `now`."""
    version = session.get("tls", {}).get("version")
    return f"TLSv{version}" if version else "in the clear"


def predicted(answer, session):
    fates = {row["fate"] for row in answer if pair(row) == pair(session) and row.get("now") == before_of(session)}
    return fates or {"as_is"}


def reality(after, session):
    """What the same client did at the same server when the version was gone."""
    came = [s for s in after if pair(s) == pair(session)]
    outcomes = [s["tlsvane"]["outcome"] for s in came]
    clear = any(s["smtp"].get("plaintext_mail") for s in came)
    if "tls_failed" in outcomes:
        return "in_the_clear" if clear else "fails"
    if outcomes == [session["tlsvane"]["outcome"]] and before_of(came[0]) == before_of(session):
        return "as_is"
    return "goes_on"


def agrees(fate, real):
    return fate == real or (fate == "fails_or_in_the_clear" and real in ("fails", "in_the_clear"))


def hold(name, answer, wanted):
    after = sessions("after")
    for session in sessions("before"):
        fates, real = predicted(answer, session), reality(after, session)
        host = session["client"]["ip"]
        say(len(fates) == 1 and agrees(next(iter(fates)), real), f"{name}/{host}", f"predicted {fates}, came {real}")
        say(fates == {wanted[host]}, f"{name}/{host}-said", f"{fates}, not {wanted[host]}")


captures = {kind: sorted(glob.glob(f"{CAPTURES}{kind}-*.pcap")) for kind in ("earlier", "before", "after")}
say(len(captures["before"]) == len(captures["after"]) == 5 and len(captures["earlier"]) == 2, "captures")

# A client of which nothing else is known: that it fails is sure, what it then does is not, and is said so.
fill(*captures["before"])
hold("alone", ask("--min-version", "1.2"), {
    "192.0.2.115": "fails_or_in_the_clear", "192.0.2.10": "fails_or_in_the_clear",
    "192.0.2.113": "fails_or_in_the_clear", "192.0.2.14": "as_is", "192.0.2.18": "as_is"})

# What the clients did elsewhere tells what they will do here.
fill(*captures["earlier"], *captures["before"])
answer = ask("--min-version", "1.2")
hold("with-evidence", answer, {
    "192.0.2.115": "fails_or_in_the_clear", "192.0.2.10": "in_the_clear", "192.0.2.113": "fails",
    "192.0.2.14": "as_is", "192.0.2.18": "as_is"})
say(all(row["changes"] == "client" for row in answer), "side", answer)
say({row["client"]["ip"]: row["sure"] for row in answer} ==
    {"192.0.2.115": "sure", "192.0.2.10": "sure", "192.0.2.113": "likely"}, "sure", answer)
answer = ask("--min-version", "1.2", "--require-tls")
say({row["client"]["ip"] for row in answer if row["fate"] == "fails"} ==
    {"192.0.2.115", "192.0.2.10", "192.0.2.113", "192.0.2.18"}, "require-tls", answer)
# Who was told to begin TLS and sent in the clear would have to change; who was refused it would not.
must("tests/frames/run", "--capture", "words-behind-the-220", f"{WORK}/words.pcap")
fill(f"{WORK}/words.pcap")
answer = ask("--require-tls")
say(sorted((row["fate"], row["changes"]) for row in answer) == [("fails", "client"), ("fails", "server")], "require-tls/side",
    answer)
fill(*captures["earlier"], *captures["before"])
# A rule of one's own is asked the same way as an option.
with open(f"{WORK}/rule.yaml", "w") as file:
    file.write("rules:\n  - name: old\n    when: tls.version < 1.2\n")
key = lambda row: (pair(row), row["fate"], row["sessions"])
say(sorted(map(key, ask("--rules", f"{WORK}/rule.yaml"))) == sorted(map(key, ask("--min-version", "1.2"))), "rules")

# After the switch nothing is left to fail.
fill(*captures["after"])
answer = ask("--min-version", "1.2")
say(answer == [], "nothing-left", answer)

# One side, or a part, of a session is all that was seen: named, and not counted as good.
for name in ("wire-only-client", "wire-gap-server-hello"):
    fill(f"tests/captures/{name}.pcap")
    answer = ask("--min-version", "1.2")
    say([row["fate"] for row in answer] == ["not_known"], f"unseen/{name}", answer)

# Ciphers: which ones a client offers is not kept, so only what the pair also agreed on tells.
def ciphers(*captures):
    fill(*(f"tests/captures/{name}.pcap" for name in captures))
    return [(row["fate"], row["sure"]) for row in ask("--no-cipher", "TLS_DHE_*")]


say(ciphers("tls12-dhe-openssl-postfix") == [("not_known", "not")], "cipher/alone")
say(ciphers("tls12-dhe-openssl-postfix", "tls12-rsa-openssl-postfix") == [("goes_on", "likely")], "cipher/another")
say(ciphers("tls12-rsa-openssl-postfix") == [], "cipher/unused")
# A version that both were seen to do better, elsewhere or at another time.
fill("tests/captures/tls11-postfix-sendmail.pcap", "tests/captures/tls13-exim-sendmail.pcap")
answer = ask("--min-version", "1.2")
say([(row["fate"], row["changes"]) for row in answer] in ([("fails_or_in_the_clear", "server")], [("in_the_clear", "server")]),
    "version/server", answer)

for name, words, said in (
        ("nothing", [], "what if what?"), ("version", ["--min-version", "1.4"], "1.0, 1.1, 1.2 or 1.3"),
        ("pattern", ["--no-cipher", "a\" or true"], "a pattern of IANA names"), ("rules", ["--rules", "none.yaml"], "none.yaml")):
    done = run(f"{BUILD}/tlsvane", "what-if", *words, "--redis", REDIS)
    say(done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1, f"wrong/{name}", done.stderr)

# A month: how many sessions, from when to when, and since when.
must("tests/policy/month.py", f"{WORK}/month.pcap", "30", "2026-06-01", *captures["before"])
fill(f"{WORK}/month.pcap")
answer = ask("--min-version", "1.2")
old = {row["client"]["ip"]: row for row in answer}
say(sorted(old) == ["192.0.2.10", "192.0.2.113", "192.0.2.115"], "month/hosts", answer)
say(all(row["sessions"] == 30 for row in answer), "month/sessions", answer)
say(all(row["first_seen"][:10] == "2026-06-01" and row["last_seen"][:10] == "2026-06-30" for row in answer),
    "month/period", answer)
answer = ask("--min-version", "1.2", "--since", "2026-06-15")
say(len(answer) == 3 and all(row["sessions_at_most"] for row in answer), "month/since", answer)
say(ask("--min-version", "1.2", "--since", "2026-07-01") == [], "month/over")

end()
