"""Sessions as lines "CLIENT SERVER WHAT COUNT", WHAT being a TLS version or "plaintext".

    counts.py log SERVER FILE...   as Postfix, Exim or OpenSMTPD logged them
    counts.py pairs <JSON          as "tlsvane pairs --json" tells them
    counts.py sum <JSON            the sum of these
"""
import collections
import json
import re
import sys

PLAIN = ("starttls_unused", "starttls_not_offered")


def postfix(line):
    tls = re.search(r"TLS connection established from [^\[]*\[([^\]]+)\]: (TLSv[0-9.]+) with", line)
    if tls:
        return tls.group(1), "TLSv1.0" if tls.group(2) == "TLSv1" else tls.group(2)
    plain = re.search(r"disconnect from [^\[]*\[([^\]]+)\] .*\bmail=1\b", line)
    if plain and "starttls=" not in line:
        return plain.group(1), "plaintext"


def exim(line):
    mail = re.search(r" <= \S+ H=.*\[([^\]]+)\](?::\d+)? .*\bP=(e?smtps?)(?: X=TLS(1\.\d))?", line)
    if mail:
        return mail.group(1), "TLSv" + mail.group(3) if mail.group(3) else "plaintext"


def from_logs(server, paths):
    counts = collections.Counter()
    for path in paths:
        for line in open(path, errors="replace"):
            session = postfix(line) or exim(line)
            if session:
                counts[session[0], server, session[1]] += 1
    return counts


def from_pairs():
    counts = collections.Counter()
    for line in sys.stdin:
        pair = json.loads(line)
        hosts = pair["client"]["ip"], pair["server"]["ip"]
        for version, count in pair["versions"].items():
            counts[*hosts, version] += count
        for outcome, count in pair["outcomes"].items():
            if outcome != "tls":
                counts[*hosts, "plaintext" if outcome in PLAIN else outcome] += count
    return counts


counts = from_logs(sys.argv[2], sys.argv[3:]) if sys.argv[1] == "log" else from_pairs()
if sys.argv[1] == "sum":
    print(sum(counts.values()))
else:
    for key in sorted(counts):
        print(*key, counts[key])
