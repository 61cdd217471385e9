#!/bin/bash
# needs root
# Live captures in a network namespace of their own: the frames of a real session, sent over a veth pair, give the
# record that their file gives; over two pairs, a direction each, too; and interfaces may go and come.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount "$0" "$@"
fi
. tests/e2e/lib.sh
sample=$CAPTURES/tls12-exim-exim.pcap

make_pair() { # FROM TO
	ip link add "$1" type veth peer name "$2"
	for interface in "$1" "$2"; do
		sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" 2>/dev/null
		ip link set "$interface" up
	done
}

# The facts of records, without their times and tags.
facts() {
	python3 -c 'import json, sys
for line in sys.stdin:
    r = json.loads(line)
    del r["@timestamp"], r["event"], r["tlsvane"]["transcript"]
    for tag in "vlan", "inner":
        r.get("network", {}).pop(tag, None)
    print(json.dumps(r))'
}

tags() { # of the first record, the outermost first
	python3 -c 'import json, sys
network = json.loads(sys.stdin.readline())["network"]
print(*(at["vlan"]["id"] for at in (network, network.get("inner")) if at))' <"$work/live"
}

wait_for() { # WORDS FILE [COUNT]: until a file has them so often
	for _ in $(seq 600); do
		[ "$(grep -cF -- "$1" "$2" 2>/dev/null)" -ge "${3:-1}" ] && return
		sleep 0.1
	done
	echo "waited in vain for '$1' in $2: $(cat "$2")" >&2
	return 1
}

# Sends the sample until the sensor has so many records of it: what listens may not listen yet.
send_until() { # COUNT INTERFACE...
	local count=$1
	shift
	for _ in $(seq 60); do
		python3 tests/e2e/send.py "$sample" "$@" 2>/dev/null
		for _ in $(seq 20); do
			[ "$(wc -l <"$work/live")" -ge "$count" ] && return
			sleep 0.1
		done
	done
	echo "waited in vain for $count records: $(cat "$work/err")" >&2
}

stop() { # NAME
	kill -INT "$sensor_pid"
	wait "$sensor_pid"
	same "$1: exit 0" 0 $?
}

listen() { # OPTION...: a sensor that is there
	: >"$work/live"
	: >"$work/err" # else what the one before said is waited for
	sensor_start "$@" --json "$work/live" --stats 1
	wait_for "stats packets=" "$work/err"
}

shunted() { grep -o 'shunted_packets=[1-9][0-9]*' "$work/err" | tail -n 1; }
wait_for_shunted() {
	for _ in $(seq 100); do
		[ -z "$(shunted)" ] || return 0
		sleep 0.1
	done
	return 1
}

ip link set lo up
make_pair span0 span1
make_pair tap0 tap1
expected=$(sensor -r "$sample" --json - 2>/dev/null | facts)

listen -i span1
send_until 1 span0
same "one interface: the record that the file gives" "$expected" "$(head -n 1 "$work/live" | facts)"
wait_for "stats packets=" "$work/err" 3
stop "one interface"

listen -i span1 -i tap1 --buffer 4
send_until 1 span0 tap0
same "two interfaces: one record of both directions" "$expected" "$(head -n 1 "$work/live" | facts)"
stop "two interfaces"

# All workers see what becomes of an interface; one of them tells it.
listen -i span1 --workers 2
send_until 1 span0
ip link set span1 down
wait_for "span1: has no link" "$work/err"
wait_for " links_down=" "$work/err" $(($(grep -c " links_down=" "$work/err") + 4))
same "two workers: the link is down once, and said once" " links_down=1 1" \
	"$(grep -o ' links_down=[0-9]*' "$work/err" | tail -n 1) $(grep -c 'has no link' "$work/err")"
ip link set span1 up
wait_for "span1: is back after" "$work/err"
stop "two workers"

listen -i any
send_until 1 span0
same "any interface: the record is there" "$expected" "$(head -n 1 "$work/live" | facts)"
stop "any interface"

listen -i span1
send_until 1 span0
ip link set span1 down
wait_for "span1: has no link" "$work/err" && ok "link down: is said"
wait_for " links_down=1" "$work/err" && ok "link down: is counted"
ip link set span1 up
wait_for "span1: is back after" "$work/err" && ok "link up again: is said"
send_until 2 span0
ok "link up again: sessions are read"
ip link del span0
wait_for "span1: The interface disappeared" "$work/err" && ok "interface removed: is said"
make_pair span0 span1
wait_for "span1: is back after" "$work/err" 2 && ok "interface made again: is said"
send_until 3 span0
ok "interface made again: sessions are read"
same "interfaces that go and come: said once each" "1 1 2" \
	"$(grep -c 'has no link' "$work/err") $(grep -c 'disappeared' "$work/err") $(grep -c 'is back after' "$work/err")"
stop "interfaces that go and come"

# A session that goes on behind its handshake while the sensor already knows: the kernel drops the rest, all but its
# end, and the record is the same.
if "$SENSOR" --help | grep -q 'is built in'; then
	listen -i span1
	if grep -q 'takes no filter' "$work/err"; then
		echo "skip shunting: $(grep 'takes no filter' "$work/err")"
	else
		SEND_EVERY=0.15 send_until 1 span0
		wait_for " shunted_packets=0 " "$work/err" && ok "shunting: nothing at first"
		wait_for_shunted && ok "shunting: packets are dropped" || not_ok "shunting" "$(tail -n 1 "$work/err")"
		same "shunting: the record that the file gives" "$expected" "$(head -n 1 "$work/live" | facts)"
		seen=$(python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["event"]["duration"] > 3e9)' \
			<"$work/live")
		same "shunting: the session's end is seen" True "$seen"
		send_until 2 span0
		same "shunting: the ports may be used again" "$expected" "$(tail -n 1 "$work/live" | facts)"
	fi
	stop "shunting"
	# One tag the kernel takes off and tells of apart, the second one stays in the frame.
	listen -i span1
	SEND_TAG=88a8000981000007 SEND_EVERY=0.15 send_until 1 span0
	wait_for_shunted && ok "tagged frames: are shunted" || not_ok "tagged frames: are shunted" "$(tail -n 1 "$work/err")"
	stop "tagged frames"
	same "tagged frames: the tags are told" "9 7" "$(tags)"
	# Another tag for each direction: one session where tags are ignored, and shunted as one.
	listen -i span1 --ignore-vlan
	SEND_TAG=81000007,8100000881000009 SEND_EVERY=0.15 send_until 1 span0
	wait_for_shunted && ok "--ignore-vlan: is shunted" || not_ok "--ignore-vlan: is shunted" "$(tail -n 1 "$work/err")"
	stop "--ignore-vlan"
	same "--ignore-vlan: one record of both directions" "$expected" "$(head -n 1 "$work/live" | facts)"
	same "--ignore-vlan: the first tag is told" "7" "$(tags)"
	# An ordinary user who was given capabilities, as a service manager does it.
	copy=$work/program # where that user may start it
	cp "$SENSOR" "$copy"
	listen_with() { # CAPABILITIES
		: >"$work/live"
		: >"$work/err"
		chmod 666 "$work/live"
		rm -f "$work"/spool*
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps="-all,$1" --ambient-caps="-all,$1" \
			"$copy" --spool "$work/spool" --name test -i span1 --json "$work/live" --stats 1 2>"$work/err" &
		sensor_pid=$!
		wait_for "stats packets=" "$work/err"
	}
	for rights in +net_raw,+bpf +net_raw; do
		listen_with $rights
		SEND_EVERY=0.15 send_until 1 span0
		same "$rights alone: the record that the file gives" "$expected" "$(head -n 1 "$work/live" | facts)"
		same "$rights alone: no child has them" "0000000000000000" \
			"$(for pid in $(pgrep -P "$sensor_pid"); do sed -n 's/^Cap\(Prm\|Eff\|Amb\):\t*//p' "/proc/$pid/status"; done | sort -u)"
		[ $rights = +net_raw ] || wait_for_shunted
		stop "$rights alone"
		said="$(grep -c 'CAP_BPF, or --no-shunt' "$work/err") $([ -n "$(shunted)" ] && echo shunts)"
		[ $rights = +net_raw ] && same "$rights alone: nothing is shunted, it says the mend" "1 " "$said" ||
			same "$rights alone: packets are shunted" "0 shunts" "$said"
	done
	listen -i span1 --no-shunt
	SEND_EVERY=0.15 send_until 1 span0
	stop "no shunting"
	same "no shunting: all is captured" 0 "$(grep -c 'shunted_packets=[1-9]' "$work/err")"
fi

# Frames that wait while nobody reads: a ring of 1 MiB holds some, what was dropped is told.
ip link set span0 mtu 9000
ip link set span1 mtu 9000
listen -i span1 --buffer 1
signal_all STOP
python3 - "$work/flood" <<'PY'
import struct, sys
frame = bytes(12) + b"\x08\x00" + struct.pack(">BBHHHBBH4s4s", 0x45, 0, 8940, 0, 0, 64, 6, 0, bytes([192, 0, 2, 1]),
    bytes([192, 0, 2, 2])) + struct.pack(">HHIIBBHHH", 40000, 25, 1, 1, 0x50, 0x10, 1000, 0, 0) + bytes(8900)
with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    for _ in range(400):
        out.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
PY
python3 tests/e2e/send.py "$work/flood" span0
signal_all CONT
wait_for " dropped_kernel=" "$work/err" 2
for _ in $(seq 100); do
	dropped=$(grep -o 'dropped_kernel=[1-9][0-9]*' "$work/err" | tail -n 1)
	freezes=$(grep -o 'ring_freezes=[1-9][0-9]*' "$work/err" | tail -n 1)
	[ -z "$dropped" ] || [ -z "$freezes" ] || break
	sleep 0.1
done
[ -n "$dropped" ] && ok "a full ring: drops are counted" || not_ok "a full ring: drops" "$(tail -n 1 "$work/err")"
[ -n "$freezes" ] && ok "a full ring: freezes are counted" || not_ok "a full ring: freezes" "$(tail -n 1 "$work/err")"
stop "a full ring"
wait_for "packets dropped by the kernel" "$work/err" && ok "a full ring: is said at the end"

fails "an interface that is not there" 2 "no such interface" sensor -i nothere --json "$work/live"
fails "an interface twice" 2 "is given twice" sensor -i lo -i lo --json "$work/live"
fails "no room at all" 2 "from 1 to" sensor -i lo --buffer 0 --json "$work/live"
done_testing
