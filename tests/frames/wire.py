"""Bytes on the wire: TLS records and hellos, TCP segments, IP, fragments, link layers and tunnels, pcap files.

Layers are written outermost first, with their numbers behind colons: "ethernet vlan:7 ip gre:9 ethernet ip". `ip` is
IPv4 or IPv6: the innermost one as the flow's addresses are, an outer one IPv4 (`ip6`: IPv6).
"""
import ipaddress
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
VERSIONS = {"3": 0x0300, "1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304}
RECORD_MOST = 16384


# --- TLS (RFC 8446, RFC 5246) ---------------------------------------------------------------------------------------

def vector(size, body):
    return len(body).to_bytes(size, "big") + body


def record(kind, body, version=0x0303, parts=1):
    """Records of one kind that carry a body together, at least so many."""
    step = min(RECORD_MOST, max(1, -(-len(body) // parts)))
    pieces = [body[at:at + step] for at in range(0, len(body), step)] or [b""]
    return b"".join(struct.pack(">BHH", kind, version, len(piece)) + piece for piece in pieces)


def message(kind, body):
    return bytes([kind]) + vector(3, body)


def extension(number, body):
    return struct.pack(">H", number) + vector(2, body)


def client_hello(most="1.2", name="mx.example.net", records=1, extra=0):
    """`extra` bytes of suites that nobody knows."""
    suites = [0xc02f, 0xc013, 0x002f] + ([0x1301] if most == "1.3" else []) + [0x5a5a] * (extra // 2)
    extensions = extension(0, vector(2, b"\0" + vector(2, name.encode()))) + extension(10, vector(2, b"\0\x1d\0\x17"))
    if most == "1.3":
        extensions += extension(43, vector(1, b"\3\4\3\3"))
    body = struct.pack(">H", min(VERSIONS[most], 0x0303)) + bytes(range(32)) + vector(1, bytes(32))
    body += vector(2, b"".join(struct.pack(">H", s) for s in suites)) + b"\1\0" + vector(2, extensions)
    return record(22, message(1, body), 0x0301, records)


def server_hello(version="1.2", suite=None, records=1, certificate=300):
    """ServerHello; below TLS 1.3 with a Certificate of so many bytes, and ServerHelloDone, in the same records."""
    if suite is None:
        suite = 0x1301 if version == "1.3" else 0xc02f if version == "1.2" else 0xc013
    extensions = extension(43, b"\3\4") if version == "1.3" else extension(0xff01, b"\0")
    body = struct.pack(">H", min(VERSIONS[version], 0x0303)) + bytes(range(32, 64)) + vector(1, bytes(32))
    messages = message(2, body + struct.pack(">HB", suite, 0) + vector(2, extensions))
    if version != "1.3":
        messages += message(11, vector(3, vector(3, bytes(certificate)))) + message(14, b"")
    return record(22, messages, min(VERSIONS[version], 0x0303), records)


def finished(version="1.2"):
    """What only keys explain: ChangeCipherSpec, then something encrypted."""
    if version == "1.3":
        return record(20, b"\1") + data(64)
    return record(20, b"\1", VERSIONS[version]) + record(22, noise(40), VERSIONS[version])


def data(length):
    return record(23, noise(length))


def alert(code):
    return record(21, bytes([2, code]))


def noise(length):
    """What is encrypted looks like this; always the same."""
    state, out = 0x9e3779b9, bytearray()
    for _ in range(length):
        state = (state * 1664525 + 1013904223) & 0xffffffff
        out.append(state >> 24)
    return bytes(out)


# --- IP and TCP -----------------------------------------------------------------------------------------------------

def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp(source_port, destination_port, sequence, acknowledgment, flags, payload):
    return struct.pack(">HHIIBBHHH", source_port, destination_port, sequence & 0xffffffff, acknowledgment & 0xffffffff,
                       5 << 4, flags, 65535, 0, 0) + payload


def ip_header(source, destination, protocol, length, identification=1, offset=0, more=False):
    """An IP header; of a fragment where it is one."""
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    fragment = offset > 0 or more
    if a.version == 4:
        word = offset // 8 | (0x2000 if more else 0) if fragment else 0x4000
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, identification, word, 64, protocol, 0) + a.packed + b.packed
        return header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    after = struct.pack(">BBHI", protocol, 0, offset | more, identification) if fragment else b""
    return struct.pack(">IHBB", 6 << 28, length + len(after), 44 if fragment else protocol, 64) + a.packed + b.packed + after


# --- layers around it -----------------------------------------------------------------------------------------------

LINK_TYPES = {"ethernet": 1, "sll": 113, "sll2": 276, "ip": 101, "ip6": 101}
TYPES = {"vlan": 0x8100, "vlan_service": 0x88a8, "mpls": 0x8847, "pppoe": 0x8864, "metadata": 0x8909, "ethernet": 0x6558,
         "erspan1": 0x88be, "erspan2": 0x88be, "erspan3": 0x22eb}
PROTOCOLS = {"gre": 47, "udp": 17, "ip": 4, "ip6": 41}


class Inner:
    """A packet so far: its bytes, the name of its outermost layer, and whether that is IPv6."""

    def __init__(self, name, body, ipv6=False):
        self.name, self.body, self.ipv6 = name, body, ipv6

    def ethertype(self):
        if self.name in ("ip", "ip6"):
            return 0x86dd if self.ipv6 else 0x0800
        return TYPES[self.name]

    def protocol(self):
        if self.name in ("ip", "ip6"):
            return 41 if self.ipv6 else 4
        return PROTOCOLS[self.name]


def ethernet(inner):
    return bytes.fromhex("020000000001020000000002") + struct.pack(">H", inner.ethertype()) + inner.body


def gre(inner, key):
    """With a key where one is given; ERSPAN II and III have a sequence number instead."""
    flags = 0x1000 if inner.name in ("erspan2", "erspan3") else 0x2000 if key else 0
    return struct.pack(">HH", flags, inner.ethertype()) + (struct.pack(">I", key or 0) if flags else b"") + inner.body


def outer_ip(inner, ipv6):
    ends = ("2001:db8:ee::1", "2001:db8:ee::2") if ipv6 else ("203.0.113.1", "203.0.113.2")
    return ip_header(*ends, inner.protocol(), len(inner.body)) + inner.body


def pppoe(inner, session):
    ppp = struct.pack(">H", 0x57 if inner.ipv6 else 0x21) + inner.body
    return struct.pack(">BBHH", 0x11, 0, session, len(ppp)) + ppp


def mpls(inner, label):
    bottom = 0 if inner.name == "mpls" else 0x100
    return struct.pack(">I", label << 12 | bottom | 64) + inner.body


LAYERS = {
    "ethernet": lambda inner, n: ethernet(inner),
    "sll": lambda inner, n: bytes(14) + struct.pack(">H", inner.ethertype()) + inner.body,
    "sll2": lambda inner, n: struct.pack(">H", inner.ethertype()) + bytes(18) + inner.body,
    "vlan": lambda inner, n: struct.pack(">HH", n, inner.ethertype()) + inner.body,
    "vlan_service": lambda inner, n: struct.pack(">HH", n, inner.ethertype()) + inner.body,
    "metadata": lambda inner, n: struct.pack(">IHH", 0x01010001, n, inner.ethertype()) + inner.body,
    "mpls": mpls,
    "pppoe": pppoe,
    "gre": gre,
    "erspan1": lambda inner, n: ethernet(inner),
    "erspan2": lambda inner, n: struct.pack(">HHI", 0x1000, n, 0) + inner.body,
    "erspan3": lambda inner, n: struct.pack(">HHIHH", 0x2000, n, 0, 0, 0) + inner.body,
    "udp": lambda inner, n: struct.pack(">HHHH", 50000, n, 8 + len(inner.body), 0) + inner.body,
    "vxlan": lambda inner, n: struct.pack(">II", 0x08000000, n << 8) + inner.body,
    "geneve": lambda inner, n: struct.pack(">HHI", 0, 0x6558 if inner.name == "ethernet" else inner.ethertype(), n << 8)
    + inner.body,
    "ip": lambda inner, n: outer_ip(inner, False),
    "ip6": lambda inner, n: outer_ip(inner, True),
}


def link_type(layers):
    return LINK_TYPES[layers.split()[0].partition(":")[0]]


def wrap(layers, packet):
    """Puts the layers around an IP packet, which the last of them, `ip`, stands for."""
    inner = Inner("ip", packet, packet[0] >> 4 == 6)
    names = layers.split()
    if names[-1] != "ip":
        raise ValueError(f"the last layer is ip, not {names[-1]}")
    for text in reversed(names[:-1]):
        name, _, number = text.partition(":")
        inner = Inner(name, LAYERS[name](inner, int(number or "0", 0)), name == "ip6")
    return inner.body


def write_pcap(path, link, packets):
    """Packets are (nanoseconds, bytes, bytes captured); `path` may be an open file."""
    out = path if hasattr(path, "write") else open(path, "wb")
    out.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, link))
    for ns, packet, captured in packets:
        out.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, captured, len(packet)) + packet[:captured])
    if out is not path:
        out.close()
