#!/usr/bin/env python3
"""Every real capture, end to end, against three witnesses:
   expected  the records that stand beside it, as `tlsvane read --list` writes them
   facts     what is true by construction: how the peers were configured, what they logged
   tshark    an independent decoder, where it can see; where it cannot, BLIND says why we are right; and
             `openssl x509` for the certificates that it sees
`captures.py --accept [NAME...]` writes the expected records anew (then read the diff).
"""
import json
import os
import pathlib
import re
import subprocess
import sys

import witness

TESTS = pathlib.Path(__file__).resolve().parent.parent
CAPTURES = TESTS / "captures"
TLSVANE = pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "tlsvane"
ANY_VALUE = ("@timestamp", "event.duration")  # of every record; not worth a person's reading

# capture -> why tshark does not see the hello that we see
BLIND = {
    "smtp-starttls-behind-noop-exim": "it gives the 220 to the NOOP that was pipelined before STARTTLS",
    "smtp-x-anonymoustls": "it knows STARTTLS by that name only",
    "wire-only-client": "it waits for the 220",
    "wire-only-server": "without the client's STARTTLS it takes the TLS for SMTP",
}

TSHARK_VERSION = {0x0002: "2", 0x0300: "3", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
failed = passed = 0


def say(ok, name, why=""):
    global failed, passed
    passed, failed = passed + ok, failed + (not ok)
    print(f"ok {name}" if ok else f"not ok {name}: {why}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout, done.stderr


def read_list(capture):
    status, out, err = run(TLSVANE, "read", "--list", capture)
    lines = [line for line in out.splitlines() if not line.startswith(ANY_VALUE)]
    return status, "\n".join(lines) + "\n", err


def blocks(text, separator):
    """Lines "name<separator>value" in blocks set off by empty lines -> a dictionary a block."""
    found = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if lines:
            found.append(dict(line.split(separator, 1) for line in lines))
    return found


def check_expected(capture, text):
    beside = capture.with_suffix(".expected")
    if not beside.exists():
        return say(False, f"expected {capture.name}", f"{beside.name} is missing; see --accept")
    ok = beside.read_text() == text
    say(ok, f"expected {capture.name}", f"differs; diff it with: tlsvane read --list {capture.name}")
    if not ok:
        for ours, theirs in zip(text.splitlines(), beside.read_text().splitlines()):
            if ours != theirs:
                print(f"  expected {theirs}\n  got      {ours}")


def check_facts(capture, records):
    beside = capture.with_suffix(".facts")
    facts = blocks(beside.read_text(), "=")
    wrong = [] if len(facts) == len(records) else [f"{len(facts)} connections, {len(records)} records"]
    for n, (fact, record) in enumerate(zip(facts, records), 1):
        wrong += [f"{n}: {name} is {value}, read {record.get(name, 'absent')}"
                  for name, value in fact.items() if record.get(name, "absent") != value]
    say(not wrong, f"facts {capture.name}", "; ".join(wrong))


def cipher_names():
    """tshark's own table: code -> name."""
    _, out, _ = run("tshark", "-G", "values")
    rows = (line.split("\t") for line in out.splitlines() if line.startswith("V\ttls.handshake.ciphersuite\t"))
    return {int(row[2], 0): row[3] for row in rows}


FIELDS = ["tcp.stream", "tcp.srcport", "tls.handshake.type", "tls.handshake.version",
          "tls.handshake.extensions.supported_version", "tls.handshake.ciphersuite",
          "tls.handshake.extensions_server_name", "tls.alert_message.level", "tls.alert_message.desc",
          *witness.FIELDS]


def tshark_streams(capture):
    """What tshark says of each TCP stream, in the design page's names."""
    command = ["tshark", "-n", "-r", capture, "-d", "tcp.port==25,smtp", "-Y", "tls || tcp", "-T", "json"]
    for field in FIELDS:
        command += ["-e", field]
    status, out, err = run(*command)
    streams = {}
    for packet in json.loads(out or "[]"):
        layers = packet["_source"]["layers"]
        stream = streams.setdefault(layers.get("tcp.stream", ["-"])[0], {})
        note_packet(stream, layers)
    streams.pop("-", None)
    return [streams[key] for key in sorted(streams, key=int)]


def note_packet(stream, layers):
    types = layers.get("tls.handshake.type", [])
    witness.note_packet(stream, layers, layers["tcp.srcport"] == ["25"])
    if "1" in types and "tls.handshake.extensions_server_name" in layers:
        stream["tls.client.server_name"] = layers["tls.handshake.extensions_server_name"][0]
    if "2" in types:
        version = (layers.get("tls.handshake.extensions.supported_version") or layers["tls.handshake.version"])[-1]
        stream["tls.version"] = TSHARK_VERSION.get(int(version, 0), version)
        stream["tls.cipher"] = CIPHERS.get(int(layers["tls.handshake.ciphersuite"][-1], 0))
    if layers.get("tls.alert_message.level") == ["2"]:
        stream.setdefault("tls.alert.code", str(int(layers["tls.alert_message.desc"][0], 0)))
        stream.setdefault("tls.alert.side", "server" if layers["tcp.srcport"] == ["25"] else "client")


def check_tshark(capture, records):
    streams = tshark_streams(capture)
    wrong = [] if len(streams) >= len(records) else [f"{len(streams)} streams, {len(records)} records"]
    names = ["tls.version", "tls.cipher", "tls.client.server_name", "tls.alert.code", "tls.alert.side", *witness.names()]
    for n, (theirs, ours) in enumerate(zip(streams, records), 1):
        for name in names:
            if theirs.get(name) == ours.get(name):
                continue
            if name not in theirs and capture.stem in BLIND:
                continue
            if witness.is_cut(name, ours.get(name), theirs.get(name)):
                continue
            wrong.append(f"{n}: {name}: tshark {theirs.get(name, 'nothing')}, we {ours.get(name, 'nothing')}")
    say(not wrong, f"tshark {capture.name}", "; ".join(wrong))


def check(capture):
    status, text, err = read_list(capture)
    if status != 0:
        return say(False, f"read {capture.name}", f"exit {status}: {err.strip()}")
    records = blocks(text, ": ")
    check_expected(capture, text)
    check_facts(capture, records)
    check_tshark(capture, records)


def main():
    accept = sys.argv[1:2] == ["--accept"]
    names = sys.argv[2:] if accept else sys.argv[1:]
    captures = sorted(c for c in CAPTURES.iterdir() if c.suffix in (".pcap", ".pcapng") and (not names or c.stem in names))
    for capture in captures:
        if accept:
            capture.with_suffix(".expected").write_text(read_list(capture)[1])
        else:
            check(capture)
    if not accept:
        print(f"{passed} passed, {failed} failed")
    return failed > 0 or not captures


if __name__ == "__main__":
    CIPHERS = cipher_names()
    sys.exit(main())
