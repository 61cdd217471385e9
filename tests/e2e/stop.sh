#!/bin/bash
# needs root
# A live sensor that is ended the moment after a session was sent tells of it every time: what its rings hold by then is
# still read, and what one worker hands over to another. In a network namespace of its own.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount "$0" "$@"
fi
. tests/e2e/lib.sh
sample=$CAPTURES/tls12-exim-exim.pcap

ip link set lo up
for pair in 0 1; do
	ip link add send$pair type veth peer name hear$pair
	for interface in send$pair hear$pair; do
		sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" 2>/dev/null
		ip link set $interface mtu 9000 up
	done
done

rounds() { # NAME COUNT FILE EXPECTED INTERFACES OPTION...
	same "$1: counted each of $2 times" "$2" "$(python3 tests/e2e/stop.py "$SENSOR" "$work" "${@:2}")"
}
python3 tests/e2e/many.py "$sample" "$work/plain.pcap" 0 20 plain
python3 tests/e2e/many.py "$sample" "$work/many.pcap" 0 5 plain vlan gre vxlan fragments vxlan-fragments

rounds "a session" 10 "$sample" 1 send0
rounds "... without shunting" 3 "$sample" 1 send0 --no-shunt
rounds "... in a large ring" 3 "$sample" 1 send0 --buffer 1000
rounds "twenty sessions" 5 "$work/plain.pcap" 20 send0
rounds "a session over a tap's two ports" 10 "$sample" 1 send0,send1
rounds "... and two workers" 5 "$work/plain.pcap" 20 send0,send1 --workers 2
rounds "sessions of three workers, some handed over" 8 "$work/many.pcap" 30 send0 --workers 3
done_testing
