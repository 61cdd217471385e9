"""Makes many sessions of one: many.py CAPTURE OUT FIRST CLIENTS KIND...

Writes the frames of a capture (Ethernet, IPv4, one session) for so many clients of each kind, each from an address of
its own (10.FIRST.0.0 and up): plain, vlan, qinq, metadata, mpls, pppoe, gre, erspan, vxlan, geneve, ipip, 4in6,
fragments; and vxlan-fragments, where the datagrams of the tunnel come in fragments if they are long.
Frames of all sessions alternate, and stamps do not matter: they are to be sent live.
"""
import struct
import sys

TAG, SERVICE_TAG, MPLS, PPPOE, METADATA = 0x8100, 0x88a8, 0x8847, 0x8864, 0x8909
OUTER = bytes([198, 51, 100, 1]), bytes([198, 51, 100, 2])


def read_frames(path):
    data = open(path, "rb").read()
    at = 24
    while at < len(data):
        size = struct.unpack("<I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def ip_header(protocol, payload, outer):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, *outer) + payload


def fragments(mac, packet):
    header, payload = packet[:20], packet[20:]
    pieces = [payload[i:i + 64] for i in range(0, len(payload), 64)]
    for i, piece in enumerate(pieces):
        flags = i * 8 | (0x2000 if i + 1 < len(pieces) else 0)
        fragments.number += i == 0
        yield mac + b"\x08\x00" + header[:2] + struct.pack(">HHH", 20 + len(piece), fragments.number & 0xffff, flags) + \
            header[8:] + piece


fragments.number = 0


def tagged(mac, *layers):
    """MACs, then each type with what stands behind it."""
    return mac + b"".join(struct.pack(">H", kind) + body for kind, body in layers)


def frames_of(kind, frame, back):
    mac, packet = frame[:12], frame[14:]
    outer = OUTER[::-1] if back else OUTER
    if kind == "plain":
        return [frame]
    if kind == "fragments":
        return list(fragments(mac, packet))
    if kind == "vlan":
        return [tagged(mac, (TAG, b"\x00\x07"), (0x0800, packet))]
    if kind == "qinq":
        return [tagged(mac, (SERVICE_TAG, b"\x00\x09"), (TAG, b"\x00\x07"), (0x0800, packet))]
    if kind == "metadata":    # a security group tag
        return [tagged(mac, (METADATA, bytes.fromhex("0101000100020800") + packet))]
    if kind == "mpls":
        return [tagged(mac, (MPLS, struct.pack(">I", 16 << 12 | 0x140) + packet))]
    if kind == "pppoe":
        return [tagged(mac, (PPPOE, struct.pack(">HHHH", 0x1100, 5, len(packet) + 2, 0x21) + packet))]
    if kind == "ipip":
        return [tagged(mac, (0x0800, ip_header(4, packet, outer)))]
    if kind == "gre":    # each direction from a switch of its own
        outer = (bytes([198, 51, 100, 3 if back else 4]), OUTER[1])
        return [tagged(mac, (0x0800, ip_header(47, struct.pack(">HH", 0, 0x0800) + packet, outer)))]
    if kind == "vxlan":
        vxlan = struct.pack(">II", 0x08000000, 77 << 8) + frame
        return [tagged(mac, (0x0800, ip_header(17, struct.pack(">HHHH", 40000, 4789, 8 + len(vxlan), 0) + vxlan, outer)))]
    if kind == "vxlan-fragments":
        whole, = frames_of("vxlan", frame, back)
        return [whole] if len(whole) < 200 else list(fragments(mac, whole[14:]))
    if kind == "erspan":    # type II
        return [tagged(mac, (0x0800, ip_header(47, struct.pack(">HHIII", 0x1000, 0x88be, 1, 0x10070000, 0) + frame, outer)))]
    if kind == "geneve":    # with an option of 8 bytes
        geneve = struct.pack(">BBHIHBBI", 2, 0, 0x6558, 77 << 8, 0xffff, 1, 1, 0) + frame
        return [tagged(mac, (0x0800, ip_header(17, struct.pack(">HHHH", 40000, 6081, 8 + len(geneve), 0) + geneve, outer)))]
    if kind == "4in6":
        ends = [bytes.fromhex("20010db8") + bytes(8) + end for end in outer]
        return [tagged(mac, (0x86dd, struct.pack(">IHBB16s16s", 6 << 28, len(packet), 4, 64, *ends) + packet))]
    raise ValueError(kind)


def main():
    source, out, first, clients, kinds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
    frames = list(read_frames(source))
    client = frames[0][26:30]
    with open(out, "wb") as to:
        to.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            back = frame[30:34] == client
            for number, kind in enumerate(kinds):
                for i in range(clients):
                    own = bytes([10, first + number, i >> 8, i & 0xff])
                    at = 30 if back else 26
                    mine = frame[:at] + own + frame[at + 4:]
                    for sent in frames_of(kind, mine, back):
                        to.write(struct.pack("<IIII", 0, 0, len(sent), len(sent)) + sent)


if __name__ == "__main__":
    main()
