#!/usr/bin/env python3
"""How TCP and the links carried a session does not change its record; and what is missing makes it less certain, never
wrong. Each real capture is changed in ways that networks and taps change packets, every day: see CARRIED, whose records
have to be those of the capture as it is, and LOSSES, whose records may say less. `carriage.py NAME...`: of these captures.
"""
import collections
import dataclasses
import ipaddress
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

import many

TESTS = pathlib.Path(__file__).resolve().parent.parent
TLSVANE = pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "tlsvane"
MAC = b"\2\0\0\0\0\1\2\0\0\0\0\2"
FIN, SYN, RST, ACK = 1, 2, 4, 16
MAIL_PORTS = 25, 465, 587
PAUSE_NS = 100 * 10**6    # nothing is overtaken by what is said so much later
# Times, addresses, what the links tell, and the order of events of the two sides (see letters()).
OTHERWISE = ("@timestamp", "event.duration", "client.ip", "server.ip", "network.vlan.id", "network.inner.vlan.id",
             "network.tunnel", "tlsvane.transcript", "tlsvane.history", "tlsvane.fallback_from", "tlsvane.fallback_to",
             "tlsvane.stripping_offered")
# A record with bytes missing has no other value of these than that of the whole capture. Of a side that was not seen
# the other one's alert may have been the first.
FACTS = ("smtp.banner", "smtp.helo", "smtp.capabilities", "smtp.plaintext_mail", "smtp.starttls.", "tls.version",
         "tls.cipher", "tls.curve", "tls.dh_bits", "tls.established", "tls.resumed", "tls.next_protocol",
         "tls.client.server_name", "tls.client.min_version", "tls.client.max_version", "tls.client.fallback_scsv",
         "tls.client.certificate_", "tls.client.ja", "tls.server.ja3s", "tls.server.downgrade_sentinel",
         "tls.server.hash")
# capture -> a field that the changes do change, and why that is right
CHANGES = {
    "not-smtp-http": ("network.protocol", "nDPI wants the first line in one packet"),
    "not-smtp-ssh": ("network.protocol", "nDPI wants the first line in one packet, and the server's first"),
}

failed = passed = 0


def say(ok, name, why=""):
    global failed, passed
    passed, failed = passed + ok, failed + (not ok)
    print(f"ok {name}" if ok else f"not ok {name}: {why}")


@dataclasses.dataclass(slots=True)
class Segment:
    ns: int
    ends: tuple   # source address, source port, destination address, destination port
    client: bool
    sequence: int
    acknowledgment: int
    flags: int
    payload: bytes
    options: bytes = b""
    snap: int = 1 << 16


def changed(segment, **values):
    return dataclasses.replace(segment, **values)


def read_segments(path):
    """The segments of a capture; nothing where it is not plain Ethernet, IP and TCP."""
    data = path.read_bytes()
    order = "<" if data[0] in (0xd4, 0x4d) else ">"
    scale = 1 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1000
    at, segments = 24, []
    if struct.unpack(order + "I", data[20:24])[0] != 1:
        return []
    while at < len(data):
        seconds, part, size, length = struct.unpack(order + "IIII", data[at:at + 16])
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        kind, packet = struct.unpack(">H", frame[12:14])[0], frame[14:]
        if kind == 0x0806:
            continue
        if kind == 0x0800 and packet[9] == 6 and not packet[6] & 0x3f and not packet[7]:
            source, destination = packet[12:16], packet[16:20]
            tcp = packet[(packet[0] & 15) * 4:struct.unpack(">H", packet[2:4])[0]]
        elif kind == 0x86dd and packet[6] == 6:
            source, destination = packet[8:24], packet[24:40]
            tcp = packet[40:40 + struct.unpack(">H", packet[4:6])[0]]
        else:
            return []
        if size < length:
            return []
        ports = struct.unpack(">HH", tcp[:4])
        sequence, acknowledgment, offset, flags = struct.unpack(">IIBB", tcp[4:14])
        offset = (offset >> 4) * 4
        segments.append(Segment(seconds * 10**9 + part * scale, (source, ports[0], destination, ports[1]),
                                ports[1] in MAIL_PORTS and ports[0] not in MAIL_PORTS, sequence, acknowledgment, flags,
                                tcp[offset:], tcp[20:offset]))
    return segments


# --- what carries the same: each takes and gives segments -----------------------------------------------------------

def as_it_is(segments, _):
    return segments


def small(segments, dice):
    parts = []
    for s in segments:
        at = 0
        while len(s.payload) - at > 1 and not s.flags & SYN:
            size = min(dice.choice((1, 2, 3, 7, 20, 100, 500)), len(s.payload) - at - 1)
            parts.append(changed(s, sequence=s.sequence + at, payload=s.payload[at:at + size], flags=s.flags & ~FIN))
            at += size
        parts.append(changed(s, sequence=s.sequence + at, payload=s.payload[at:]))
    return parts


def repeated(segments, dice):
    """Copies, up to five packets later."""
    places = [(i, s) for i, s in enumerate(segments)]
    places += [(i + dice.random() * 5, s) for i, s in enumerate(segments) if dice.random() < .4]
    return in_order([s for _, s in sorted(places, key=lambda place: place[0])])


def in_order(segments):
    stamps = sorted(s.ns for s in segments)
    return [changed(s, ns=ns) for s, ns in zip(segments, stamps)]


def shuffled(segments, dice, late=(0, 0)):
    """Up to three packets apart, but for a pause. late: by how many packets each side is seen later."""
    places, pauses, begun = [], 0, {}
    for i, s in enumerate(segments):
        pauses += i > 0 and s.ns - segments[i - 1].ns > PAUSE_NS
        places.append(i + pauses * 10 + dice.random() * 3 + late[s.client])
    for i, s in enumerate(segments):    # nobody says a word before his SYN
        places[i] = max(places[i], begun.get(s.ends, 0))
        if s.flags & SYN:
            begun[s.ends] = places[i] + .001
    return in_order([segments[i] for i in sorted(range(len(segments)), key=lambda i: places[i])])


def client_late(segments, dice):
    return shuffled(segments, dice, (0, 4))


def server_late(segments, dice):
    return shuffled(segments, dice, (4, 0))


def apart(segments, late):
    return sorted((changed(s, ns=s.ns + late[s.client]) for s in segments), key=lambda s: s.ns)


def client_50_ms_late(segments, _):
    return apart(segments, (0, 50 * 10**6))


def server_50_ms_late(segments, _):
    return apart(segments, (50 * 10**6, 0))


def wrapped(segments, dice):
    """Sequence numbers that wrap within the dialogue or the handshake."""
    shifts, moved = {}, []
    for s in segments:
        ours, theirs = s.ends, s.ends[2:] + s.ends[:2]
        for ends, number in ((ours, s.sequence), (theirs, s.acknowledgment)):
            if ends == ours or s.flags & ACK:
                shifts.setdefault(ends, -number - dice.choice((10, 50, 100, 200, 400, 900)))
        moved.append(changed(s, sequence=s.sequence + shifts[ours],
                             acknowledgment=s.acknowledgment + shifts[theirs] if s.flags & ACK else 0))
    return moved


def kept_alive(segments, dice):
    """Keep-alive probes of what was acknowledged, with a byte of any value or without (RFC 1122 section 4.2.3.6)."""
    probed, ends = [], {}
    for s in segments:
        probed.append(s)
        ends[s.ends] = (s.sequence + len(s.payload) + bool(s.flags & (SYN | FIN))) & 0xffffffff
        theirs = s.ends[2:] + s.ends[:2]
        if s.flags & (FIN | RST | SYN) or not s.flags & ACK or ends.get(theirs) != s.acknowledgment:
            continue
        if dice.random() < .5:
            probed.append(changed(s, ends=theirs, client=not s.client, sequence=s.acknowledgment - 1, flags=ACK,
                                  acknowledgment=s.sequence, payload=dice.choice((b"", b"\0", b"x"))))
    return probed


def probed_window(segments, dice):
    """The first byte goes alone, as into a window of nothing; then everything."""
    return [part for s in segments for part in (
        [changed(s, payload=s.payload[:1], flags=ACK), s]
        if len(s.payload) > 1 and not s.flags & SYN and dice.random() < .5 else [s])]


def sent_again(segments, dice):
    """A piece of each segment first; then all of it and some of what stood before."""
    said, parts = {}, []
    for s in segments:
        before = said.get(s.ends, (s.sequence, b""))
        if not s.payload or s.flags & SYN:
            parts.append(s)
            continue
        if (before[0] + len(before[1])) & 0xffffffff != s.sequence:
            before = (s.sequence, b"")
        said[s.ends] = (before[0], before[1] + s.payload)
        back = dice.randint(0, min(60, len(before[1])))
        parts.append(changed(s, payload=s.payload[:dice.randint(1, len(s.payload))], flags=s.flags & ~FIN))
        parts.append(changed(s, sequence=s.sequence - back, payload=before[1][len(before[1]) - back:] + s.payload))
    return parts


def with_options(segments, _):
    """Time stamps and a selective acknowledgment (RFC 7323, RFC 2018)."""
    more = b"\1\1\x08\x0a" + bytes(8) + b"\1\1\x05\x0a" + bytes(8)
    return [changed(s, options=more) for s in segments]


def both(*changes):
    def change(segments, dice):
        for one in changes:
            segments = one(segments, dice)
        return segments
    return change


CARRIED = {change.__name__: (change, "plain") for change in (
    as_it_is, small, repeated, shuffled, client_late, server_late, client_50_ms_late, server_50_ms_late, wrapped,
    kept_alive, probed_window, sent_again, with_options)}
CARRIED |= {
    "small, shuffled": (both(small, shuffled), "plain"),
    "repeated, shuffled": (both(repeated, shuffled), "plain"),
    "wrapped, sent again": (both(wrapped, sent_again), "plain"),
}
CARRIED |= {kind: (as_it_is, kind) for kind in (
    "vlan", "qinq", "metadata", "mpls", "pppoe", "gre", "erspan", "vxlan", "geneve", "ipip", "4in6", "fragments")}
CARRIED |= {
    "fragments backwards": (as_it_is, "fragments backwards"),
    "fragments twice": (as_it_is, "fragments twice"),
    "options of IP": (as_it_is, "options of IP"),
}


# --- what is missing ------------------------------------------------------------------------------------------------

def losses(segments):
    """Name -> what is left."""
    count = min(len(segments), 48)
    for i in range(count):
        yield f"without packet {i + 1}", segments[:i] + segments[i + 1:]
    for i in range(1, count, 4):
        yield f"from packet {i + 1} on", segments[i:]
        for client in (True, False):
            yield (f"the {'server' if client else 'client'} from packet {i + 1} on",
                   [s for j, s in enumerate(segments) if s.client == client or j >= i])
    for client in (True, False):
        yield f"{'client' if client else 'server'} only", [s for s in segments if s.client == client]
    for size in (54, 66, 80, 100, 128, 200, 300, 600):
        yield f"snap length {size}", [changed(s, snap=size) for s in segments]


# --- frames ---------------------------------------------------------------------------------------------------------

def moved(address, net):
    """Each change has a network of its own, so that all of a capture's are one file."""
    if len(address) == 4:
        return b"\x0a" + bytes([net]) + address[2:]
    return address[:6] + struct.pack(">H", net) + address[8:]


def packet_of(s, net, options=b""):
    offset = (20 + len(s.options)) // 4
    tcp = struct.pack(">HHIIBBHHH", s.ends[1], s.ends[3], s.sequence & 0xffffffff, s.acknowledgment & 0xffffffff, offset << 4,
                      s.flags, 65535, 0, 0) + s.options + s.payload
    source, destination = moved(s.ends[0], net), moved(s.ends[2], net)
    if len(source) == 16:
        return b"\x86\xdd", struct.pack(">IHBB", 6 << 28, len(tcp), 6, 64) + source + destination + tcp
    words = 5 + len(options) // 4
    return b"\x08\0", struct.pack(">BBHHHBBH", 0x40 | words, 0, words * 4 + len(tcp), 1, 0x4000, 64, 6, 0) + source + \
        destination + options + tcp


def frames_of(s, net, kind):
    ethertype, packet = packet_of(s, net, b"\x94\4\0\0" if kind == "options of IP" else b"")
    frame = MAC + ethertype + packet
    if kind in ("plain", "options of IP"):
        return [frame]
    kind, _, order = kind.partition(" ")
    frames = list(many.frames_of(kind, frame, not s.client))
    if order == "backwards":
        frames.reverse()
    return frames * 2 if order == "twice" else frames


class Capture:
    def __init__(self):
        self.parts = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1)]
        self.names = []
        self.shift = 0    # the changes follow each other

    def add(self, name, segments, kind="plain"):
        net = len(self.names)
        self.names.append(name)
        if not segments:
            return
        stamps = [s.ns for s in segments]
        self.shift = max(self.shift, min(stamps)) + 2 * 10**9
        shift = self.shift - min(stamps)
        for s in segments:
            for frame in frames_of(s, net, kind):
                size = min(s.snap, len(frame))
                self.parts.append(struct.pack("<IIII", *divmod(s.ns + shift, 10**9), size, len(frame)) + frame[:size])
        self.shift += max(stamps) - min(stamps)

    def read(self, folder):
        """Name -> records, flat."""
        path = pathlib.Path(folder) / "capture.pcap"
        path.write_bytes(b"".join(self.parts))
        done = subprocess.run([TLSVANE, "read", "--json", path], capture_output=True, text=True, errors="replace")
        found = collections.defaultdict(list)
        for line in done.stdout.splitlines():
            record = flat(json.loads(line))
            address = ipaddress.ip_address(record["client.ip"])
            net = address.packed[1] if address.version == 4 else address.packed[7]
            found[self.names[net]].append(record)
        if done.returncode != 0:
            say(False, "exit status", f"{done.returncode}, {done.stderr}")
        return {name: sorted(found[name], key=lambda r: r["client.port"]) for name in self.names}


def flat(tree, before=""):
    leaves = {}
    for key, value in tree.items():
        leaves.update(flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value})
    return leaves


# --- what has to be the same ----------------------------------------------------------------------------------------

def letters(record):
    """Each side's events; alerts and data behind the handshake are read as far as they come in time. The same letter is
    not repeated at once."""
    dialogue, _, handshake = record.get("tlsvane.history", "").partition(":")
    handshake = re.sub("[lLdD]", "", handshake)
    return [re.sub(r"(.)\1+", r"\1", "".join(filter(ours, part)))
            for part in (dialogue, handshake) for ours in (str.isupper, str.islower)]


def differences(record, whole, also):
    fields = [field for field in sorted(record.keys() | whole.keys()) if field not in (*OTHERWISE, also)]
    found = [f"{f} {whole.get(f)!r} -> {record.get(f)!r}" for f in fields if record.get(f) != whole.get(f)]
    if letters(record) != letters(whole):
        found.append(f"tlsvane.history {whole.get('tlsvane.history')} -> {record.get('tlsvane.history')}")
    return found


def wrong_claims(record, whole, _):
    one_side = record["tlsvane.confidence"] in ("client_only", "server_only")
    facts = FACTS if one_side else FACTS + ("tls.alert.",)
    found = [f"{f} {whole.get(f)!r} -> {value!r}" for f, value in record.items()
             if f.startswith(facts) and value != whole.get(f)]
    for field in ("tlsvane.outcome", "tlsvane.legacy_side"):
        if record[field] not in (whole[field], "unknown"):
            found.append(f"{field} {whole[field]} -> {record[field]}")
    # The client's alert is encrypted in TLS 1.3: of the server's side alone it failed not.
    if record["tlsvane.confidence"] == "server_only" and whole.get("tls.version") == "1.3":
        found = [claim for claim in found if claim not in ("tlsvane.outcome tls_failed -> tls", "tls.established False -> True")]
    return found


def compare(name, what, records, whole, judge):
    also, _ = CHANGES.get(name, (None, None))
    ports = [record["client.port"] for record in records]
    found = [] if len(set(ports)) == len(ports) else ["a connection has two records"]
    by_port = {record["client.port"]: record for record in whole}
    if judge is differences and len(records) != len(whole):
        found.append(f"{len(records)} records, not {len(whole)}")
    for record in records:
        found += judge(record, by_port[record["client.port"]], also) if record["client.port"] in by_port else ["a new session"]
    if found:
        say(False, f"{name}, {what}", "; ".join(found[:4]))
    return not found


def check(path, folder):
    name, segments = path.stem, read_segments(path)
    if not segments:
        return
    dice = random.Random(name)
    carried, lossy = Capture(), Capture()
    for what, (change, kind) in CARRIED.items():
        if kind == "plain" or len(segments[0].ends[0]) == 4:
            carried.add(what, change(segments, dice), kind)
    for what, left in [("as it is", segments), *losses(segments)]:
        lossy.add(what, left)
    records = carried.read(folder)
    whole = records["as_it_is"]
    same = [compare(name, what, found, whole, differences) for what, found in records.items()]
    say(all(same), f"{name}: {sum(same)} of {len(same)} ways to carry it")
    records = lossy.read(folder)
    right = [compare(name, what, found, records["as it is"], wrong_claims) for what, found in records.items()]
    say(all(right), f"{name}: {sum(right)} of {len(right)} losses")


def main():
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((TESTS / "captures").glob("*.pcap")):
            if len(sys.argv) == 1 or path.stem in sys.argv[1:]:
                check(path, folder)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
