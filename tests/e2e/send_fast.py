"""send_fast.py FILE INTERFACE: sends the frames of a classic pcap file out of an interface, with pauses that a reader
of one core keeps up with."""
import socket
import struct
import sys
import time

data = open(sys.argv[1], "rb").read()
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[2], 0))
at, count = 24, 0
while at < len(data):
    size = struct.unpack("<I", data[at + 8:at + 12])[0]
    out.send(data[at + 16:at + 16 + size])
    at += 16 + size
    count += 1
    if count % 50 == 0:
        time.sleep(0.005)
