#!/usr/bin/env python3
"""Makes a month of captures: month.py OUT DAYS FIRST-DAY CAPTURE...

Each CAPTURE (pcap, all of one link type) comes once a day, at the time of day it has, for DAYS days from FIRST-DAY
(YYYY-MM-DD, UTC), minutes apart by their order; the packets are in order of time."""
import datetime
import struct
import sys


def packets(path):
    with open(path, "rb") as file:
        data = file.read()
    magic = struct.unpack_from("<I", data)[0]
    assert magic in (0xA1B2C3D4, 0xA1B23C4D), f"{path} is no little-endian pcap"
    unit = 1000 if magic == 0xA1B2C3D4 else 1
    at = 24
    while at < len(data):
        seconds, fraction, length, original = struct.unpack_from("<IIII", data, at)
        yield seconds * 10**9 + fraction * unit, original, data[at + 16 : at + 16 + length]
        at += 16 + length


def main(out, days, first, *captures):
    begin = int(datetime.datetime.fromisoformat(first + "T00:00:00+00:00").timestamp()) * 10**9
    day = 86400 * 10**9
    frames = []
    for number, capture in enumerate(captures):
        own = list(packets(capture))
        start = own[0][0]
        for i in range(int(days)):
            move = begin + i * day + (8 * 3600 + number * 60) * 10**9 - start
            frames += [(ns + move, original, frame) for ns, original, frame in own]
    frames.sort(key=lambda frame: frame[0])
    with open(captures[0], "rb") as file:
        link = struct.unpack_from("<I", file.read(24), 20)[0]
    with open(out, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link))
        for ns, original, frame in frames:
            file.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), original) + frame)


main(*sys.argv[1:])
