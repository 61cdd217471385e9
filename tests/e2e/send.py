"""send.py FILE INTERFACE [INTERFACE]: sends the frames of a classic pcap file, a moment apart, out of an
interface; with two, those to a mail port out of the first and those from one out of the second, as a tap
shows them. SEND_EVERY: seconds between two frames. SEND_TAG: hexadecimal, stands
behind the addresses of each frame: VLAN tags; with a comma: those of frames to a mail port, of frames from one."""
import os
import socket
import struct
import sys
import time

data = open(sys.argv[1], "rb").read()
tags = [bytes.fromhex(tag) for tag in os.environ.get("SEND_TAG", "").split(",")]
every = float(os.environ.get("SEND_EVERY", "0.002"))
outs = []
for name in sys.argv[2:]:
    outs.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    outs[-1].bind((name, 0))
at = 24
while at < len(data):
    size = struct.unpack("<I", data[at + 8:at + 12])[0]
    frame = data[at + 16:at + 16 + size]
    at += 16 + size
    ports = struct.unpack(">HH", frame[34:38] if frame[12:14] == b"\x08\x00" else frame[54:58])
    which = -1 if ports[0] == 25 else 0
    outs[which].send(frame[:12] + tags[which] + frame[12:])
    time.sleep(every)
