"""What somebody may send to wear a sensor out: made here, never stored. Asserted: it comes to its end, says nothing of a
crash, stays below a generous memory cap, and reads an ordinary session that follows. Time and memory are only shown.
    hostile.py NAME FILE     only makes the capture, and prints how many packets it has
"""
import itertools
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile

import wire
from script import Script

MEMORY_CAP = 1 << 30  # bytes of address space; the tables of the main path may take 600 MB
START_NS = 1_767_225_600 * 10**9
CLIENT, SERVER = ("192.0.2.66", 40000), ("192.0.2.25", 25)
MSS = 1460


class Wire:
    """Segments of one connection, quickly made."""

    def __init__(self, client_port=CLIENT[1], server_port=SERVER[1], server=SERVER[0]):
        self.ends = [(CLIENT[0], client_port), (server, server_port)]
        self.next = [1, 1]

    def segment(self, side, payload, flags=wire.PSH | wire.ACK, skip=0, acknowledge=True):
        """`skip` bytes before it are never sent."""
        other = 1 - side
        self.next[side] += skip
        bytes_ = wire.tcp(self.ends[side][1], self.ends[other][1], self.next[side], self.next[other] if acknowledge else 0,
                          flags, payload)
        self.next[side] += len(payload) + (1 if flags & (wire.SYN | wire.FIN) else 0)
        return wire.wrap("ethernet ip", wire.ip_header(self.ends[side][0], self.ends[other][0], 6, len(bytes_)) + bytes_)

    def open(self):
        yield self.segment(0, b"", wire.SYN)
        yield self.segment(1, b"", wire.SYN | wire.ACK)
        yield self.segment(0, b"", wire.ACK)

    def stream(self, side, bytes_, size=MSS, skip=0):
        for at in range(0, len(bytes_), size):
            yield self.segment(side, bytes_[at:at + size], skip=skip)

    def to_starttls(self):
        yield from self.open()
        yield self.segment(1, b"220 mx.example.net ESMTP\r\n")
        yield self.segment(0, b"EHLO a.example\r\n")
        yield self.segment(1, b"250-mx.example.net\r\n250 STARTTLS\r\n")
        yield self.segment(0, b"STARTTLS\r\n")
        yield self.segment(1, b"220 2.0.0 ready\r\n")


def endless_hello():
    """A ClientHello that says it has 16 MB, and sends them."""
    w = Wire()
    yield from w.to_starttls()
    yield from w.stream(0, wire.record(22, b"\1\xff\xff\xff" + bytes(16 << 20)))


def hellos_in_tiny_records():
    """A ClientHello of 60 KB in records of one byte."""
    w = Wire()
    hello = wire.client_hello(extra=60000)
    body = b"".join(hello[at + 5:at + 5 + 16384] for at in range(0, len(hello), 16389))
    yield from w.to_starttls()
    yield from w.stream(0, b"".join(wire.record(22, body[i:i + 1]) for i in range(len(body))))


def certificates_of_64_kb():
    for port in range(41000, 41100):
        w = Wire(port)
        yield from w.to_starttls()
        yield from w.stream(0, wire.client_hello())
        yield from w.stream(1, wire.server_hello("1.0", certificate=65535))
        yield from w.stream(0, wire.finished("1.0"))
        yield from w.stream(1, wire.finished("1.0"))


def endless_lines():
    for side in (0, 1):
        w = Wire(41000 + side)
        yield from w.open()
        yield w.segment(1, b"220 mx.example.net ESMTP\r\n")
        yield w.segment(0, b"EHLO a.example\r\n")
        yield from w.stream(side, b"A" * (16 << 20))


def endless_reply():
    """One reply of a million lines."""
    w = Wire()
    yield from w.open()
    yield w.segment(1, b"220 mx.example.net ESMTP\r\n")
    yield w.segment(0, b"EHLO a.example\r\n")
    yield from w.stream(1, b"250-STARTTLSX\r\n" * 1000000)


def tiny_segments(side, skip=0, count=1000000, acknowledge=True, byte=b"A"):
    """So many segments of a byte each, `skip` bytes missing before each; made from one template."""
    w = Wire()
    yield from w.open()
    yield w.segment(1, b"220 mx.example.net ESMTP\r\n")
    if not skip:
        yield w.segment(0, b"STARTTLS\r\n")
    frame = bytearray(w.segment(side, byte, acknowledge=acknowledge))
    sequence = w.next[side] - len(byte)
    for _ in range(count):
        sequence += skip
        struct.pack_into(">I", frame, 38, sequence & 0xffffffff)
        sequence += 1
        yield bytes(frame)


def a_million_tiny_segments():
    """... of a reply."""
    yield from tiny_segments(1, byte=b"2")


def tiny_segments_behind_a_hole():
    """The hole is never filled, and nobody has acknowledged it."""
    yield from tiny_segments(1, skip=1, count=1)
    yield from itertools.islice(tiny_segments(1, skip=0, count=1000000), 4, None)


def tiny_segments_that_wait():
    """They wait for the reply to STARTTLS, which never comes."""
    yield from tiny_segments(0, byte=b"\x16")


def gaps_everywhere():
    """Every other byte is missing, and nobody has acknowledged any."""
    yield from tiny_segments(0, skip=1, count=300000)
    yield from tiny_segments(1, skip=1000, count=100000)


def gaps_in_the_handshake():
    for port in range(41000, 42000):
        w = Wire(port)
        yield from w.to_starttls()
        for part in range(30):
            yield w.segment(0, wire.client_hello()[part:part + 40], skip=7)
            yield w.segment(1, wire.server_hello()[part:part + 40], skip=11)


def fragments(count, size):
    """Datagrams of so many fragments of so many bytes, overlapping ones among them."""
    body = wire.tcp(CLIENT[1], 25, 1, 1, wire.PSH | wire.ACK, bytes(count * size - 20))
    for number in range(4):
        for at in range(0, len(body), size):
            begin = at - 8 if number == 3 and at == size * 5 else at
            piece = body[begin:at + size]
            yield wire.wrap("ethernet ip", wire.ip_header(CLIENT[0], SERVER[0], 6, len(piece), number, begin,
                                                          at + size < len(body)) + piece)


def ten_thousand_fragments():
    yield from fragments(8000, 8)
    yield from fragments(100, 600)


def first_fragments_alone():
    """100,000 datagrams of which only the first fragment comes."""
    for number in range(100000):
        piece = wire.tcp(CLIENT[1], 25, number, 1, wire.ACK, bytes(1004))
        yield wire.wrap("ethernet ip", wire.ip_header(CLIENT[0], SERVER[0], 6, len(piece), number & 0xffff,
                                                      0, True) + piece)


def deep_nesting():
    packet = wire.ip_header(CLIENT[0], SERVER[0], 6, 20) + wire.tcp(CLIENT[1], 25, 1, 0, wire.SYN, b"")
    for layers in ("vlan:1 " * 300, "mpls:16 " * 300, "ip " * 60, "ip gre:1 " * 40, "ip gre:1 ethernet " * 25,
                   "ip udp:4789 vxlan:1 ethernet " * 20):
        frame = wire.wrap("ethernet " + layers + "ip", packet)
        for _ in range(5000):
            yield frame


def half_open():
    """200,000 connections that never answer."""
    for number in range(200000):
        segment = wire.tcp(1024 + number % 60000, 25, number, 0, wire.SYN, b"")
        yield wire.wrap("ethernet ip", wire.ip_header(f"198.51.{number // 60000}.9", SERVER[0], 6, 20) + segment)


def undecided_on_other_ports():
    """100,000 connections of which nobody can tell whether they are mail (--any-port)."""
    for number in range(100000):
        w = Wire(1024 + number % 60000, 3000 + number // 60000)
        yield from w.open()
        yield w.segment(1, b"220 ready\r\n")


CASES = [
    (endless_hello, []), (hellos_in_tiny_records, []), (certificates_of_64_kb, []), (endless_lines, []), (endless_reply, []),
    (a_million_tiny_segments, []), (tiny_segments_behind_a_hole, []), (tiny_segments_that_wait, []), (gaps_everywhere, []), (gaps_in_the_handshake, []),
    (ten_thousand_fragments, []), (first_fragments_alone, []), (deep_nesting, []), (half_open, []),
    (undecided_on_other_ports, ["--any-port"]),
]


def write(path, frames):
    """The frames, a microsecond apart, then an ordinary session."""
    count, ns = 0, START_NS
    with open(path, "wb") as out:
        wire.write_pcap(out, 1, [])
        for frame in frames:
            ns += 1000
            out.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame)
            count += 1
        ordinary = Script("flow a 192.0.2.10:40000 192.0.2.25:25\nsession 1.1\n").packets
        for at, (_, frame, _) in enumerate(ordinary, 1):
            then = ns + at * 10**6
            out.write(struct.pack("<IIII", then // 10**9, then % 10**9, len(frame), len(frame)) + frame)
    return count


class Run:
    """A sensor over a capture: how it ended, what it said, its records, its seconds of CPU and peak of MB."""

    def __init__(self, program, capture, args):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([program, "-r", capture, "--json", "-", *args], stdout=out, stderr=err,
                                       preexec_fn=None if is_sanitized(program) else limit)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = self.status = os.waitstatus_to_exitcode(status)
            self.cpu, self.peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024
            out.seek(0)
            err.seek(0)
            self.records = [json.loads(line) for line in out.read().splitlines()]
            self.said = err.read().decode(errors="replace")


def is_sanitized(program):
    return b"__asan_init" in pathlib.Path(program).read_bytes()


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_CAP, MEMORY_CAP))


def check(program, function, args, say):
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "capture.pcap")
        # Made by another process: Linux counts the memory of who forks as that of the child.
        made = subprocess.run([sys.executable, __file__, function.__name__, capture], capture_output=True, text=True,
                              check=True)
        count = int(made.stdout)
        run = Run(program, capture, args)
    last = [r for r in run.records if r["client"]["ip"] == "192.0.2.10"]
    right = len(last) == 1 and last[0].get("tls", {}).get("version") == "1.1"
    why = f"exit {run.status}: {run.said[:300]}" if run.status else "the session behind it is wrong"
    say(run.status == 0 and right, "hostile " + function.__name__.replace("_", " "), why)
    print(f"  {count} packets, {1e9 * run.cpu / count:.0f} ns each, {run.cpu:.2f} s; peak {run.peak} MB; "
          f"{len(run.records)} records", flush=True)


def check_all(build, say):
    for function, args in CASES:
        check(str(build / "tlsvane-sensor"), function, args, say)


if __name__ == "__main__":
    print(write(sys.argv[2], globals()[sys.argv[1]]()))
