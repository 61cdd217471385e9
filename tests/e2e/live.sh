#!/bin/bash
# needs root
# A live capture in a network namespace of its own: the frames of a real session, sent over a veth pair, give the
# record that their file gives.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount "$0" "$@"
fi
. tests/e2e/lib.sh
sample=$CAPTURES/tls12-exim-exim.pcap
ip link add span0 type veth peer name span1
for interface in lo span0 span1; do
	sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" 2>/dev/null
	ip link set "$interface" up
done

sensor_start -i span1 --json "$work/live" --stats 1
sleep 1
python3 tests/e2e/send.py "$sample" span0
sleep 2
kill -INT "$sensor_pid"
wait "$sensor_pid"
same "live: exit 0" 0 $?
strip='import json,sys
for line in sys.stdin:
    r = json.loads(line); r.pop("@timestamp"); r.pop("event"); print(json.dumps(r))'
same "live: the record that the file gives" "$(sensor -r "$sample" --json - 2>/dev/null | python3 -c "$strip")" \
	"$(python3 -c "$strip" <"$work/live")"
grep -q "stats packets=" "$work/err" && ok "live: statistics" || not_ok "live: statistics" "$(cat "$work/err")"
done_testing
