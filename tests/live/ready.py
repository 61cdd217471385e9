"""The service manager's end of NOTIFY_SOCKET: removes it when the sensor is ready, and listens on, for ever."""
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
ready = False
while True:
    message = listener.recv(4096)
    if b"READY=1" in message and not ready:
        os.unlink(sys.argv[1])
        ready = True
