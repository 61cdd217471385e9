"""A script -> a capture. One line, one event:

    # ...                        a remark
    args --ports 465:tls         options for `tlsvane read`
    tshark ...                   tshark does not see what we see, and why we are right
    wrap ethernet vlan:7 ip      the layers from here on (ethernet ip); see wire.py
    wrap_server ethernet vlan:8 ip   ... of what the server says
    copy_in ethernet vlan:9 ip   ... and of a second frame for each
    flow NAME CLIENT SERVER      another connection, ADDRESS:PORT each ([ADDRESS]:PORT for IPv6); or back to one
    isn C 0xfffffff0             where a side's sequence numbers begin
    wait 2                       seconds
    open                         SYN, SYN/ACK, ACK
    close                        FIN both ways
    greet                        open, greeting, EHLO and its reply
    session 1.0                  a whole connection that negotiates this version by STARTTLS
    C EHLO client.example        the client says a line; "|" ends one and begins the next
    S 250-mx.example|250 STARTTLS
    C >text without its end      ... without CRLF behind it
    C @client_hello most=1.3     bytes made by wire.py, by name, with arguments; several with " + " between them
    S @hex 16 03 01              bytes as they are
    C ack                        a bare ACK;   C fin   C rst   C rst_ack   C syn

Faults stand in brackets before what is said:

    [lost]          it is not in the capture                 [twice]        it is there twice
    [late 2]        two packets later than it was sent       [cut 20]       so many bytes of its payload are captured
    [split 50 90]   in segments that end there               [again -3]     what it says is at bytes said before
    [blind]         it acknowledges nothing new              [ahead 9]      its sequence number is so much higher
    [fragments 64]  in IP fragments of so many bytes         [overlap]      ... the second one begins 8 bytes early
    [backwards]     ... the last one first                   [unsaid]       later bytes take its place
"""
import ipaddress
import shlex

import wire

SIDES = {"C": 0, "S": 1}
START_NS = 1_767_225_600 * 10**9
STEP_NS = 10**6


class Flow:
    def __init__(self, client, server):
        self.ends = [self.end(client), self.end(server)]
        self.next = [1000, 5000]
        self.acked = [0, 0]

    @staticmethod
    def end(text):
        address, _, port = text.rpartition(":")
        return str(ipaddress.ip_address(address.strip("[]"))), int(port)


class Script:
    def __init__(self, text):
        self.packets = []   # [ns, bytes, captured]
        self.late = []      # [packets to go, packet]
        self.ns = START_NS
        self.do_wrap("ethernet ip")
        self.link = None
        self.args, self.tshark = [], None
        self.identification = 0
        self.flows = {}
        self.flow_named("a", "192.0.2.10:40000", "192.0.2.25:25")
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self.read(line.strip())
            except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
                raise SystemExit(f"line {number}: {line}: {error!r}") from error
        for _, packet in self.late:
            self.packets.append(packet)

    # --- lines ---

    def read(self, line):
        if not line or line.startswith("#"):
            return
        faults = {}
        while line.startswith("["):
            words, _, line = line[1:].partition("]")
            name, *numbers = words.split()
            faults[name] = [int(n) for n in numbers]
            line = line.strip()
        word, _, rest = line.partition(" ")
        if word in SIDES:
            self.say(SIDES[word], rest, faults)
        else:
            getattr(self, "do_" + word)(rest)

    def do_args(self, rest):
        self.args += shlex.split(rest)

    def do_tshark(self, rest):
        self.tshark = rest

    def do_wrap(self, rest):
        self.wraps = [rest, rest]
        self.copy = None

    def do_wrap_server(self, rest):
        self.wraps[1] = rest

    def do_copy_in(self, rest):
        self.copy = rest

    def do_flow(self, rest):
        self.flow_named(*rest.split())

    def do_isn(self, rest):
        side, number = rest.split()
        self.flow.next[SIDES[side]] = int(number, 0)

    def do_wait(self, rest):
        self.ns += int(float(rest) * 10**9)

    def do_open(self, _):
        for side, what in ((0, "syn"), (1, "syn"), (0, "ack")):
            self.say(side, what, {})

    def do_close(self, _):
        for side, what in ((0, "fin"), (1, "fin"), (0, "ack")):
            self.say(side, what, {})

    def do_greet(self, _):
        self.do_open("")
        for line in ("S 220 mx.example.net ESMTP", "C EHLO client.example.org", "S 250-mx.example.net|250 STARTTLS"):
            self.read(line)

    def do_session(self, version):
        self.do_greet("")
        for line in ("C STARTTLS", "S 220 2.0.0 ready", "C @client_hello most=1.2", f"S @server_hello version={version}",
                     f"C @finished version={version}", f"S @finished version={version}", "C @data 100", "close"):
            self.read(line)

    def flow_named(self, name, client=None, server=None):
        if client:
            self.flows[name] = Flow(client, server)
        self.flow = self.flows[name]

    # --- what is said ---

    FLAGS = {"syn": wire.SYN, "fin": wire.FIN | wire.ACK, "rst": wire.RST, "rst_ack": wire.RST | wire.ACK, "ack": wire.ACK}

    def say(self, side, text, faults):
        if text in self.FLAGS:
            flags = self.FLAGS[text]
            if text == "syn" and side == 1:
                flags |= wire.ACK
            self.segment(side, flags, b"", faults)
            return
        said = self.bytes_of(text)
        begin, ends = 0, faults.get("split", []) + [len(said)]
        for end in ends:
            self.segment(side, wire.PSH | wire.ACK, said[begin:end], faults)
            begin = end

    @staticmethod
    def bytes_of(text):
        if text.startswith(">"):
            return text[1:].replace("|", "\r\n").encode()
        if not text.startswith("@"):
            return text.replace("|", "\r\n").encode() + b"\r\n"
        said = b""
        for part in text.split(" + "):
            name, *words = part.strip().lstrip("@").split()
            if name == "hex":
                said += bytes.fromhex("".join(words))
                continue
            numbers = [int(w) for w in words if "=" not in w]
            named = {k: v if k in ("most", "version", "name") else int(v, 0) for k, _, v in (w.partition("=") for w in words if "=" in w)}
            said += getattr(wire, name)(*numbers, **named)
        return said

    def segment(self, side, flags, payload, faults):
        flow, other = self.flow, 1 - side
        sequence = flow.next[side]
        again = faults.get("again", [0])[0]
        sequence += again + faults.get("ahead", [0])[0]
        if "blind" not in faults:
            flow.acked[side] = flow.next[other]
        segment = wire.tcp(flow.ends[side][1], flow.ends[other][1], sequence,
                           flow.acked[side] if flags & wire.ACK else 0, flags, payload)
        if not flags & wire.RST and not again and "ahead" not in faults and "unsaid" not in faults:
            flow.next[side] += len(payload) + (1 if flags & (wire.SYN | wire.FIN) else 0)
        for packet in self.datagrams(flow.ends[side][0], flow.ends[other][0], segment, faults):
            for layers in filter(None, (self.wraps[side], self.copy)):
                self.frame(layers, packet, len(payload), faults)

    def datagrams(self, source, destination, segment, faults):
        self.identification += 1
        if "fragments" not in faults:
            return [wire.ip_header(source, destination, 6, len(segment), self.identification) + segment]
        size, made = faults["fragments"][0], []
        for at in range(0, len(segment), size):
            begin = at - 8 if "overlap" in faults and at == size else at
            piece = segment[begin:at + size]
            made.append(wire.ip_header(source, destination, 6, len(piece), self.identification, begin,
                                       at + size < len(segment)) + piece)
        return made[::-1] if "backwards" in faults else made

    def frame(self, layers, packet, payload, faults):
        self.link = wire.link_type(layers) if self.link is None else self.link
        whole = wire.wrap(layers, packet)
        captured = len(whole) - max(0, payload - faults["cut"][0]) if "cut" in faults else len(whole)
        self.ns += STEP_NS
        if "lost" in faults:
            return
        for _ in range(2 if "twice" in faults else 1):
            self.emit([self.ns, whole, captured], faults.get("late", [0])[0])

    def emit(self, packet, late):
        if late:
            self.late.append([late, packet])
            return
        self.packets.append(packet)
        for waiting in self.late:
            waiting[0] -= 1
        due = [p for left, p in self.late if left <= 0]
        self.late = [w for w in self.late if w[0] > 0]
        for p in due:
            p[0] = max(p[0], self.packets[-1][0])
            self.packets.append(p)

    def write(self, path):
        wire.write_pcap(path, self.link, self.packets)
