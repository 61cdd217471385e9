#!/bin/bash
# needs root
# What befalls the interface of a live sensor: promiscuous mode, VLAN devices, and interfaces that several workers share
# and that go and come. In a network namespace of its own.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount "$0" "$@"
fi
. tests/e2e/lib.sh
. tests/e2e/processes_lib.sh
sample=$CAPTURES/tls12-exim-exim.pcap

make_pair() { # [FROM TO]
	ip link add "${1:-span0}" type veth peer name "${2:-span1}"
	for interface in "${1:-span0}" "${2:-span1}"; do
		sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" 2>/dev/null
		ip link set "$interface" mtu 9000 up
	done
}

listen() { # OPTION...
	rm -f "$work"/spool* "$work/live"
	redis flushall >/dev/null
	sensor_start --redis "unix:$socket" --json "$work/live" --watchdog 60 --stats 1 "$@"
	wait_until said 'stats packets='
}

promiscuity() { ip -d link show "$1" | grep -o 'promiscuity [0-9]*' | cut -d' ' -f2; } # INTERFACE
is_promiscuous() { [ "$(promiscuity "$1")" -gt 0 ]; }
is_not_promiscuous() { [ "$(promiscuity "$1")" = 0 ]; }

# Each worker has one packet socket, and nobody else any; of a group that all joined.
listening() { [ "$(grep -c '^[0-9a-f]' /proc/net/packet)" = "$1" ]; } # WORKERS
joined() { has_workers "$1" && listening "$1"; }

# Of forty sessions both workers have some: one is killed in the middle, and the rest is whole.
both_have_sessions() { # NAME
	local frames lost
	python3 tests/e2e/many.py "$sample" "$work/forty.pcap" 1 40 plain
	frames=$(python3 -c 'import sys; sys.path.insert(0, "tests/e2e"); import many; print(len(list(many.read_frames(sys.argv[1]))))' \
		"$work/forty.pcap")
	python3 tests/e2e/send_fast.py "$work/forty.pcap" span0 0 $((frames / 2))
	wait_until said "flows_open=40"
	kill -KILL "$(workers | head -n 1)"
	wait_until grep -q 'flows_lost=[1-9]' "$work/err"
	lost=$(grep -o 'flows_lost=[0-9]*' "$work/err" | tail -n 1 | cut -d= -f2)
	wait_until joined 2
	python3 tests/e2e/send_fast.py "$work/forty.pcap" span0 $((frames / 2)) "$frames"
	if wait_until are_whole $((40 - lost)) && [ "$lost" -gt 5 ] && [ "$lost" -lt 35 ]; then ok "$1"; else
		not_ok "$1" "one had $lost of 40, $(whole) are whole"
	fi
}
whole() { grep -c '"confidence":"full"' "$work/live"; }
are_whole() { [ "$(whole)" = "$1" ]; } # COUNT

redis_start
ip link set lo up
make_pair

# ---- Promiscuous mode ----

same "nobody listens: not promiscuous" 0 "$(promiscuity span1)"
listen -i span1 --workers 2
wait_until is_promiscuous span1 && ok "a sensor listens: promiscuous" || not_ok "a sensor listens: promiscuous" "$(promiscuity span1)"
stop "promiscuous"
wait_until is_not_promiscuous span1 && ok "it ended: as before" || not_ok "it ended: as before" "$(promiscuity span1)"
listen -i span1 --workers 2
wait_until is_promiscuous span1
kill -KILL "$sensor_pid"
wait "$sensor_pid" 2>/dev/null
wait_until is_not_promiscuous span1 && ok "it was killed: as before" || not_ok "it was killed: as before" "$(promiscuity span1)"

# ---- An interface of two workers ----

listen -i span1 --workers 2
wait_until joined 2
ip link set span1 down
wait_until said "span1: has no link" && ok "link down: is said"
ip link set span1 up
wait_until said "span1: is back after" && ok "link up again: is said"
wait_until joined 2
both_have_sessions "link up again: both workers have sessions, whole"
stop "link down and up"

listen -i span1 --workers 2
wait_until joined 2
ip link del span0
wait_until said "span1: The interface disappeared" && ok "interface removed: is said"
wait_until said " links_down=1" && ok "interface removed: is counted"
make_pair
wait_until said "span1: is back after" && ok "interface made again: is said"
wait_until joined 2 && ok "interface made again: both workers follow"
wait_until is_promiscuous span1 && ok "interface made again: promiscuous"
both_have_sessions "interface made again: both workers have sessions, whole"
stop "an interface that goes and comes"

# ---- Two interfaces ----

# Looked at again and again meanwhile.
a_while() {
	local lines
	lines=$(($(grep -c 'stats packets=' "$work/err") + 3))
	has_lines() { [ "$(grep -c 'stats packets=' "$work/err")" -ge $lines ]; }
	wait_until has_lines
}

make_pair tap0 tap1
ip link set tap1 down
fails "one of two is down at the start" 2 "tap1: is down; bring it up" sensor -i span1 -i tap1 --json -
ip link set tap1 up
for count in 1 2; do
	listen -i span1 -i tap1 --buffer 4 --workers $count
	wait_until listening $((2 * count))
	ip link del tap0
	wait_until said "tap1: The interface disappeared"
	wait_until joined $count && ok "one of two goes, $count workers: the other one is listened to"
	wait_until said "tap1: is away or down" && ok "... which one is away: is said"
	wait_until said " links_down=1" && ok "... is counted"
	ip link add tap0 type veth peer name tap1
	stayed=$(workers)
	a_while
	same "... it is back and down: the worker stays" "$stayed" "$(workers)"
	python3 tests/e2e/send.py "$sample" span0
	ip link set tap0 up
	ip link set tap1 up
	wait_until listening $((2 * count)) && ok "... it is up: both are listened to"
	a_while
	same "... is said once, and counted no more" "1 links_down=0" \
		"$(grep -c 'is back after' "$work/err") $(grep -o 'links_down=[0-9]*' "$work/err" | tail -n 1)"
	said "tap1: is back after" && ok "... which one is back: is said"
	stop "one of two, $count workers"
	same "... the session between is read" 1 "$(wc -l <"$work/live")"
done
ip link del tap0

# ---- A VLAN device ----

if ip link add link span1 name span1.7 type vlan id 7 2>/dev/null; then
	ip link set span1.7 up
	for interface in span1.7 span1; do
		listen -i $interface
		for tag in 81000008 81000007; do
			SEND_TAG=$tag python3 tests/e2e/send.py "$sample" span0
		done
		expected=$([ $interface = span1 ] && echo 2 || echo 1)
		has_records() { [ "$(wc -l <"$work/live")" = "$expected" ]; }
		wait_until has_records && ok "$interface: the sessions that it has"
		stop "$interface"
		same "$interface: VLAN ids" "$([ $interface = span1 ] && echo "7 8")" "$(grep -o '"vlan":{"id":[0-9]*' "$work/live" |
			grep -o '[0-9]*$' | sort | xargs)"
	done
	listen -i span1.7
	ip link del span1.7
	wait_until said "span1.7: The interface disappeared" && ok "a VLAN device that goes: is said"
	ip link add link span1 name span1.7 type vlan id 7
	ip link set span1.7 up
	wait_until said "span1.7: is back after" && ok "a VLAN device that comes back: is said"
	stop "a VLAN device"
else
	echo "skip VLAN devices: this kernel makes none"
fi
done_testing
