#!/bin/bash
# make run, as its script does it once all is built: in a tree of its own, on samples, captures and mistakes.
. tests/e2e/lib.sh
tree=$work/tree
mkdir -p "$tree/tools" "$tree/tests/captures"
cp tools/run "$tree/tools/"
cp "$CAPTURES/tls10-postfix-exim.pcap" "$CAPTURES/tls12-exim-exim.pcap" "$tree/tests/captures/"
head -c 2000 "$CAPTURES/tls12-exim-exim.pcap" >"$work/cut.pcap"

# NAME STATUS TEXT SETTING...: ends so, and says TEXT.
runs() {
	local name=$1 wanted=$2 text=$3 status=0
	shift 3
	"$tree/tools/run" BUILD="$bin" "$@" >"$work/out" 2>&1 </dev/null || status=$?
	if [ "$status" = "$wanted" ] && grep -qF -- "$text" "$work/out"; then
		ok "$name"
	else
		not_ok "$name" "exit $status: $(tr '\n' '|' <"$work/out" | head -c 600)"
	fi
}

runs "the samples" 0 "Below TLS 1.2 by their own fault: 1 server, 0 clients."
same "... the answer stands behind the pairs" "pairs legacy" \
	"$(grep -o '(tlsvane [a-z]*' "$work/out" | cut -d' ' -f2 | head -n 2 | paste -sd ' ')"
runs "again" 0 "Replaying 2 captures"
runs "a capture" 0 "Below TLS 1.2 by their own fault: 1 server" PCAP="$CAPTURES/tls10-postfix-exim.pcap"
grep -q ' 1 session in ' "$work/out" && ok "... one session is one" || not_ok "... one session is one" "$(cat "$work/out")"
runs "a capture that is cut off, as far as it goes" 0 "(tlsvane pairs" PCAP="$work/cut.pcap"
runs "no mail on these ports" 0 "PORTS=25,587,465:tls" PCAP="$CAPTURES/tls10-postfix-exim.pcap" PORTS=587
runs "no such capture" 1 "check the path" PCAP="$work/none"
runs "both" 2 "exclude each other" PCAP=x IFACE=lo
runs "what is no setting" 2 "give PCAP=" PCPA=x
same "no Redis is left behind" "" \
	"$(for socket in "$tree"/.run/*/redis.sock; do redis-cli -s "$socket" ping 2>/dev/null; done)"

done_testing
