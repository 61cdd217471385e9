"""Listens on /dev/log as a syslog daemon does:  syslog.py FILE. A message a line."""
import os
import socket
import sys

log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
while True:
    message = log.recv(4096)
    with open(sys.argv[1], "ab") as out:
        out.write(message + b"\n")
