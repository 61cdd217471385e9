"""stop.py SENSOR WORK ROUNDS FILE EXPECTED INTERFACE[,INTERFACE] [OPTION...]: starts a live sensor on the other ends of
the interfaces (send0 -> hear0), sends the frames of a classic pcap file, and ends it at once, ROUNDS times. Each time
it must tell of EXPECTED whole sessions. With two interfaces those from a mail port go out of the second.

The signal is sent when the kernel has handed the last frame on: a packet socket that was there before the sensor's gets
what it gets after it. Nothing is timed. Prints how many rounds were right and the sensor's words of those that were not."""
import json
import os
import signal
import socket
import subprocess
import sys

from many import read_frames

ETH_P_ALL = 3
sensor, work, rounds, file, expected, names = *sys.argv[1:3], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), sys.argv[6]
names = names.split(",")


def packet_socket(name, protocol):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    if protocol:
        s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)    # SO_RCVBUFFORCE
    s.bind((name, protocol))
    return s


def start(notify):
    options = [word for name in names for word in ("-i", name.replace("send", "hear"))]
    process = subprocess.Popen([sensor, "--name", "test", "--spool", work + "/spool", "--json", work + "/live", *options,
        *sys.argv[7:]], stderr=open(work + "/err", "w"), env={**os.environ, "NOTIFY_SOCKET": work + "/notify"})
    while b"READY=1" not in notify.recv(4096):
        pass
    return process


def whole():
    records = [json.loads(line) for line in open(work + "/live")]
    return sum(r["tlsvane"]["confidence"] == "full" and r["tlsvane"]["outcome"] == "tls" for r in records)


def one_round(notify, frames):
    witnesses = [packet_socket(name.replace("send", "hear"), ETH_P_ALL) for name in names]
    open(work + "/live", "w").close()
    os.chmod(work + "/live", 0o666)
    process = start(notify)
    sent = [0] * len(names)
    for frame in frames:
        out = -1 if frame[34:36] == b"\x00\x19" else 0
        outs[out].send(frame)
        sent[out] += 1
        if sent[out] % 50 == 0:
            witness(witnesses, sent)
    witness(witnesses, sent)
    process.send_signal(signal.SIGTERM)
    status = process.wait()
    for s in witnesses:
        s.close()
    found = whole()
    if status == 0 and found == expected:
        return True
    print(f"exit {status}, {found} of {expected} sessions; {open(work + '/err').read()}")
    return False


def witness(witnesses, sent):
    """Until all that was sent has come; and nobody has to keep up with more."""
    for i, s in enumerate(witnesses):
        while sent[i] > 0:
            s.recv(65536 + 256)
            sent[i] -= 1


notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(work + "/notify")
os.chmod(work + "/notify", 0o666)
outs = [packet_socket(name, 0) for name in names]
frames = list(read_frames(file))
print(sum([one_round(notify, frames) for _ in range(rounds)]))
os.unlink(work + "/notify")
