"""send_fast.py FILE INTERFACE [FROM TO]: sends the frames of a classic pcap file (from one number up to another) out of
an interface, with pauses that a reader of one core keeps up with."""
import socket
import struct
import sys
import time

data = open(sys.argv[1], "rb").read()
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[2], 0))
first, last = [int(n) for n in sys.argv[3:5]] or (0, len(data))
at, count = 24, 0
while at < len(data) and count < last:
    size = struct.unpack("<I", data[at + 8:at + 12])[0]
    if count >= first:
        out.send(data[at + 16:at + 16 + size])
    at += 16 + size
    count += 1
    if count % 50 == 0:
        time.sleep(0.005)
