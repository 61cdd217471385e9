#!/usr/bin/env python3
"""The enforcement clock from the command line, and the policy service: who comes in and goes, pauses and their budget,
many requests at once, hostile ones, and Redis away.

enforce.py WORK REDIS-SOCKET; BUILD as everywhere. The Redis is ours to stop and start."""
import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import time

from common import BUILD, SOCKET, WORK, end, record, redis, run, say

POLICY = ["--rules", "rules/enforcement.yaml", "--redis", f"unix:{SOCKET}"]


def enforce(*words, fails=None):
    done = run(f"{BUILD}/tlsvane", "enforce", *words, *POLICY)
    if fails is None and done.returncode != 0:
        raise SystemExit(f"enforce {words}: exit {done.returncode}: {done.stderr}")
    if fails is not None:
        say(done.returncode == fails[0] and fails[1] in done.stderr and done.stderr.count("\n") == 1,
            f"refused/{'-'.join(words[:3])}", done.stderr)
    return done.stdout


def clocks(now):
    return {row["host"]["ip"]: row for row in map(json.loads, enforce("--now", now, "--json").splitlines())}


def replay(day, *names):
    captures = [f"tests/captures/{name}.pcap" for name in names]
    run("tests/policy/month.py", f"{WORK}/day.pcap", "1", day, *captures)
    record(f"{WORK}/day.pcap")


# ---- In and out ----

redis("flushall")
say(enforce("--now", "2026-03-01").startswith("Nothing was seen"), "empty")
replay("2026-02-28", "what-if-before-postfix", "what-if-before-gnutls", "what-if-before-openssl")
shown = clocks("2026-03-01")
say({host: row["state"] for host, row in shown.items()} == {"192.0.2.10": "new", "192.0.2.115": "new"}, "new", shown)
say(redis("keys", "tlsvane:enforce:*").strip() == "", "show-changes-nothing")
say(enforce("update", "--now", "2026-03-01").startswith("2 came into the clock, 0 left it, 0 stay"), "update")
for columns in 80, 100:
    done = run("tests/cli/fits", str(columns), f"{BUILD}/tlsvane", "enforce", "--now", "2026-04-15", *POLICY)
    say(done.returncode == 0, f"columns-{columns}", done.stderr)
before = redis("hgetall", "tlsvane:enforce:host:{192.0.2.10}")
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda i: enforce("update", "--now", f"2026-03-0{2 + i}"), range(4)))
say(redis("hgetall", "tlsvane:enforce:host:{192.0.2.10}") == before, "update-repeated")
shown = clocks("2026-04-15T08:00:00Z")["192.0.2.10"]
say((shown["day"], shown["throttle_minutes"], shown["next"], shown["next_at"]) ==
    (45, 10, "day 50: throttle 20 min", "2026-04-20T00:00:00.000Z"), "due", shown)

# To leave takes a clean TLS session behind the last breach, and seven days without one.
replay("2026-04-16", "tls12-anonymous-postfix-postfix")
say(clocks("2026-04-16T09:00:00Z")["192.0.2.10"]["state"] == "leaves", "clean")
replay("2026-04-17", "what-if-before-postfix")
say(clocks("2026-04-18")["192.0.2.10"]["state"] == "runs", "relapse")
replay("2026-04-19", "tls12-anonymous-postfix-postfix", "starttls-unused-swaks-postfix")
enforce("update", "--now", "2026-04-20")
say(clocks("2026-04-20")["192.0.2.10"]["state"] == "runs", "clean-not-long-enough")
say(enforce("update", "--now", "2026-04-25").startswith("0 came into the clock, 1 left it, 1 stay"), "left")
say("192.0.2.10" not in clocks("2026-04-25"), "left-is-gone")
say(redis("zrange", "tlsvane:enforce:left", "0", "-1").split() == ["192.0.2.10"], "left-on-record")
replay("2026-05-01", "what-if-before-postfix")
enforce("update", "--now", "2026-05-02")
say(clocks("2026-05-03")["192.0.2.10"]["day"] == 1, "clock-begins-anew")

# To go without TLS is no way out.
replay("2026-05-04", "starttls-not-offered-postfix-exim", "fail-opensmtpd-server")
say(clocks("2026-05-20")["192.0.2.10"]["state"] == "runs", "plaintext-is-not-clean")

# ---- Pauses ----

say(enforce("pause", "192.0.2.115", "60d", "--now", "2026-05-10").endswith("UTC.\n"), "pause-said")
shown = clocks("2026-05-20")
say((shown["192.0.2.115"]["state"], shown["192.0.2.115"]["paused_until"][:10], shown["192.0.2.10"]["state"]) ==
    ("paused", "2026-07-09", "runs"), "pause", shown)
enforce("pause", "192.0.2.115", "31d", "--now", "2026-08-01", fails=(1, "192.0.2.115 has used 60.0 of this one"))
enforce("pause", "192.0.2.115", "30d", "--now", "2026-08-01")
enforce("pause", "192.0.2.115", "1h", "--now", "2026-10-01", fails=(1, "calendar year"))
enforce("pause", "192.0.2.115", "60d", "--now", "2027-01-01")
# An hour in December is one too many, although the rest of it lies in January.
enforce("pause", "192.0.2.115", "2d", "--now", "2026-12-31", fails=(1, "calendar year"))
enforce("resume", "192.0.2.115", "--now", "2027-01-11")
say(clocks("2027-01-12")["192.0.2.115"]["paused_days"] == 10, "resumed")
enforce("resume", "192.0.2.115", "--now", "2027-01-12", fails=(1, "no pause of its own"))
enforce("pause", "all", "20d", "--now", "2027-02-01")
shown = clocks("2027-02-10")
say({row["state"] for row in shown.values()} == {"paused"}, "pause-all", shown)
say(shown["192.0.2.115"]["paused_days"] == 30, "pause-all-counts")
enforce("pause", "192.0.2.115", "61d", "--now", "2027-03-01", fails=(1, "has used 30.0"))
say("not in the clock" in enforce("pause", "198.51.100.7", "1d", "--now", "2027-02-01"), "pause-outside")
enforce("--now", "40d", fails=(2, "--now wants a time"))
enforce("pause", "nobody", "1d", fails=(2, "an address, or all"))
enforce("pause", "all", "long", fails=(2, "30d or 12h"))
enforce("puase", fails=(2, "no part puase"))
enforce("--export", "sendmail", fails=(2, "postfix, exim, opensmtpd or nftables"))
enforce("update", "--export", "exim", fails=(2, "one at a time"))
done = run(f"{BUILD}/tlsvane", "enforce", "--rules", "rules/legacy-tls.yaml", "--redis", f"unix:{SOCKET}")
say(done.returncode == 2 and "no section enforcement" in done.stderr, "refused/no-section", done.stderr)
done = run(f"{BUILD}/tlsvane", "enforce")
say(done.returncode == 2 and "by which rules?" in done.stderr, "refused/no-rules", done.stderr)

# ---- The policy service ----

ADDRESS = f"{WORK}/policyd.sock"
REQUEST = "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address={}\nhelo_name=x\n\n"
redis("del", "tlsvane:enforce:pauses:{all}", "tlsvane:enforce:pauses:{192.0.2.115}")
REFUSED = "action=550 5.7.230 192.0.2.115 speaks TLS below 1.2: refused 60 minutes of every hour\n\n"
DUNNO = "action=DUNNO\n\n"


def start_policyd():
    daemon = subprocess.Popen(
        [f"{BUILD}/tlsvane", "enforce", "--policyd", f"unix:{ADDRESS}", "--now", "2026-12-01T10:00:00Z", *POLICY],
        stdout=subprocess.PIPE, stderr=open(f"{WORK}/policyd.err", "w"), text=True)
    line = daemon.stdout.readline()
    assert line.startswith("Answers Postfix"), line + open(f"{WORK}/policyd.err").read()
    return daemon


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(ADDRESS)
    return s


def read_answers(s, count=1):
    text = ""
    while text.count("\n\n") < count:
        piece = s.recv(65536).decode()
        if not piece:
            break
        text += piece
    return text


def ask(address, s=None):
    s = s or connect()
    s.sendall(REQUEST.format(address).encode())
    return read_answers(s)


def wait_until(what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return False


daemon = start_policyd()
say(ask("192.0.2.115") == REFUSED, "policyd/refused", ask("192.0.2.115"))
say(ask("192.0.2.14") == DUNNO, "policyd/unknown")
say(ask("unknown") == DUNNO and ask("") == DUNNO, "policyd/no-address")
s = connect()
say([ask(a, s) for a in ("192.0.2.115", "192.0.2.14", "192.0.2.115")] == [REFUSED, DUNNO, REFUSED], "policyd/one-connection")
s.sendall(REQUEST.format("192.0.2.115").encode() * 100)
say(read_answers(s, 100) == REFUSED * 100, "policyd/in-one-piece")
s = connect()
for byte in REQUEST.format("192.0.2.115").encode():
    s.sendall(bytes([byte]))
say(read_answers(s) == REFUSED, "policyd/byte-by-byte")


def worker(number):
    s, wrong = connect(), 0
    for i in range(500):
        address, wanted = (("192.0.2.115", REFUSED), ("192.0.2.14", DUNNO))[(number + i) % 2]
        wrong += ask(address, s) != wanted
    return wrong


begin = time.monotonic()
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    wrong = sum(pool.map(worker, range(16)))
seconds = time.monotonic() - begin
say(wrong == 0, "policyd/load", f"{wrong} wrong answers")
print(f"# 8000 requests over 16 connections in {seconds:.2f} s")

# Nobody is kept from an answer by those who only take up room, or write nonsense.
idle = [connect() for _ in range(1100)] if hasattr(os, "sched_getaffinity") else []
say(ask("192.0.2.115") == REFUSED, "policyd/full")
for s in idle:
    s.close()
for nonsense in (b"\0" * 1000, b"no equals sign\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"a=" + b"x" * 300000 + b"\n\n",
                 b"client_address=" + b"9" * 5000, bytes(range(1, 256)) * 50):
    s = connect()
    try:
        s.sendall(nonsense)
        s.shutdown(socket.SHUT_WR)
        read_answers(s, 9)
    except (BrokenPipeError, ConnectionResetError):
        pass
    s.close()
deaf = connect()
deaf.setblocking(False)
try:
    for _ in range(100000):
        deaf.send(REQUEST.format("192.0.2.115").encode())
except (BlockingIOError, BrokenPipeError, ConnectionResetError):
    pass
say(ask("192.0.2.115") == REFUSED, "policyd/after-nonsense")

# What Redis says anew is heard; without Redis everybody is accepted, with a warning; and then no more.
enforce("pause", "192.0.2.115", "5d", "--now", "2026-11-30")
say(wait_until(lambda: ask("192.0.2.115") == DUNNO), "policyd/pause-is-heard")
redis("del", "tlsvane:enforce:pauses:{192.0.2.115}")
say(wait_until(lambda: ask("192.0.2.115") == REFUSED), "policyd/pause-is-over")
redis("config", "set", "save", "")
redis("save")
redis("shutdown", "save")
answers = []
say(wait_until(lambda: (answers.append(ask("192.0.2.115")), answers[-1] != REFUSED)[1]), "policyd/redis-away", answers[-1:])
say(answers[-1].startswith("action=WARN tlsvane: Redis is away"), "policyd/warns", answers[-1])
say(ask("192.0.2.115") == DUNNO, "policyd/warns-once")
say("cannot reach Redis" in open(f"{WORK}/policyd.err").read() or "Redis" in open(f"{WORK}/policyd.err").read(), "policyd/says-so")
again = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", SOCKET, "--dir", WORK, "--save", ""],
                         stdout=subprocess.DEVNULL)
say(wait_until(lambda: ask("192.0.2.115") == REFUSED), "policyd/redis-back")
daemon.send_signal(signal.SIGTERM)
say(daemon.wait(60) == 0 and not os.path.exists(ADDRESS), "policyd/ends")

# It also begins without Redis.
again.terminate()
again.wait()
daemon = start_policyd()
say(ask("192.0.2.115").startswith("action=WARN"), "policyd/begins-without-redis")
daemon.send_signal(signal.SIGTERM)
say(daemon.wait(60) == 0, "policyd/ends-without-redis", daemon.returncode)
done = run(f"{BUILD}/tlsvane", "enforce", "--policyd", "0.0.0.0:10040", *POLICY)
say(done.returncode == 2 and "--policyd 0.0.0.0:10040: give a loopback address" in done.stderr, "policyd/loopback", done.stderr)

end()
