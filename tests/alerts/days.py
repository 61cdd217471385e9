"""Real captures with other addresses and times: classic pcap, Ethernet, IPv4, one connection each.

    days.py file OUT CAPTURE[@SERVER]=DAYS...   one file of all; the first packet comes DAYS (may be 0.5) after START
    days.py send INTERFACE CAPTURE SERVER...    out of an interface, now, once for each server

The client becomes 192.0.2.10, the server 192.0.2.77 or 192.0.2.SERVER. Checksums are left alone.
"""
import socket
import struct
import sys

START = 1772323200  # 2026-03-01


def packets(path):
    data = open(path, "rb").read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    at = 24
    while at + 16 <= len(data):
        seconds, part, size, _ = struct.unpack(order + "IIII", data[at:at + 16])
        yield seconds + part / (1e9 if nano else 1e6), data[at + 16:at + 16 + size]
        at += 16 + size


def readdressed(path, server):
    names = {}
    first = None
    for when, frame in packets(path):
        if not names:
            first = when
            names[frame[26:30]] = bytes([192, 0, 2, 10])
            names[frame[30:34]] = bytes([192, 0, 2, server])
        yield when - first, frame[:26] + names[frame[26:30]] + names[frame[30:34]] + frame[34:]


def write_file(out, arguments):
    frames = []
    for argument in arguments:
        name, days = argument.rsplit("=", 1)
        name, _, server = name.partition("@")
        start = START + float(days) * 86400
        frames += [(start + when, frame) for when, frame in readdressed(name, int(server or 77))]
    frames.sort(key=lambda frame: frame[0])
    with open(out, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for when, frame in frames:
            file.write(struct.pack("<IIII", int(when), int(when % 1 * 1e6), len(frame), len(frame)) + frame)


def send(interface, path, servers):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    for server in servers:
        for _, frame in readdressed(path, int(server)):
            out.send(frame)


if sys.argv[1] == "file":
    write_file(sys.argv[2], sys.argv[3:])
else:
    send(sys.argv[2], sys.argv[3], sys.argv[4:])
