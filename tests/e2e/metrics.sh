#!/bin/bash
# needs root
# plain only
# A real Prometheus reads /metrics of a live sensor: its checks are content, and it counts what went over the wire.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount "$0" "$@"
fi
. tests/e2e/lib.sh
ip link add span0 type veth peer name span1
for interface in lo span0 span1; do
	sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" 2>/dev/null
	ip link set "$interface" up
done

cat >"$work/prometheus.yml" <<'YAML'
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: tlsvane
    static_configs: [{targets: ["127.0.0.1:9125"]}]
YAML
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --web.listen-address=127.0.0.1:9090 \
	--log.level=warn >"$work/prometheus.log" 2>&1 &
prometheus=$!
sensor_start -i span1 --json "$work/json" --metrics 127.0.0.1:9125

cat >"$work/ask.py" <<'PY'
"""ask.py TRIES QUERY [VALUE]: what Prometheus answers, once it is VALUE, or anything."""
import json, sys, time, urllib.parse, urllib.request
url = "http://127.0.0.1:9090/api/v1/query?" + urllib.parse.urlencode({"query": sys.argv[2]})
value = None
for _ in range(int(sys.argv[1])):
    try:
        result = json.load(urllib.request.urlopen(url))["data"]["result"]
        value = result[0]["value"][1] if result else None
    except OSError:
        pass
    if value is not None and sys.argv[3:] in ([], [value]):
        break
    time.sleep(0.1)
print(value)
PY
ask() { python3 "$work/ask.py" 600 "$@"; }

same "Prometheus scrapes the sensor" 1 "$(ask 'up{job="tlsvane"}' 1)"
python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:9125/metrics").read().decode(), end="")' \
	>"$work/text"
same "promtool finds nothing to blame" "" "$(promtool check metrics <"$work/text" 2>&1)"
same "no host is a label" "" "$(grep -oE '(ip|host|server|client)="[^"]*"' "$work/text" | grep -v '^side=')"
packets='tlsvane_sensor_packets_total + tlsvane_sensor_shunted_packets_total'
before=$(ask "$packets")
python3 tests/e2e/send.py "$CAPTURES/tls10-postfix-exim.pcap" span0
python3 tests/e2e/send.py "$CAPTURES/tls12-exim-exim.pcap" span0
session='tlsvane_sensor_sessions_total{outcome="tls",version="TLSv1.'
same "a session of TLS 1.2" 1 "$(ask "${session}2\"}" 1)"
same "a session of TLS 1.0" 1 "$(ask "${session}0\"}" 1)"
same "the server is to blame for it" 1 "$(ask 'tlsvane_sensor_legacy_sessions_total{side="server"}' 1)"
sent=$(python3 - "$CAPTURES"/tls1[02]*-{postfix-exim,exim-exim}.pcap <<'PY'
import struct, sys
n = 0
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    at = 24
    while at < len(data):
        at += 16 + struct.unpack("<I", data[at + 8:at + 12])[0]
        n += 1
print(n)
PY
)
same "each packet counts, shunted or not" $((before + sent)) "$(ask "$packets" $((before + sent)))"
same "nothing was dropped" 0 "$(ask 'sum(tlsvane_sensor_packets_dropped_total)')"
kill -TERM "$sensor_pid"
wait "$sensor_pid"
same "exit 0" 0 $?
same "Prometheus sees that it is gone" 0 "$(ask 'up{job="tlsvane"}' 0)"
kill "$prometheus"
wait "$prometheus" 2>/dev/null
done_testing
