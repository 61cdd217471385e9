"""Sends the frames of a classic pcap file out of an interface."""
import socket, struct, sys, time
data = open(sys.argv[1], "rb").read()
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[2], 0))
at = 24
while at < len(data):
    size = struct.unpack("<I", data[at + 8:at + 12])[0]
    out.send(data[at + 16:at + 16 + size])
    at += 16 + size
    time.sleep(0.002)
