#!/bin/bash
# needs root
# The process that starts the actions of alerts for a live sensor, and those that act: they may be killed at any time,
# alerts go on, and nobody is left behind. In a network and process namespace of their own.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi
. tests/e2e/lib.sh
. tests/e2e/processes_lib.sh

ip link set lo up
ip link add span0 type veth peer name span1
for interface in span0 span1; do
	sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" 2>/dev/null
	ip link set "$interface" up
done

# The action writes the server's address, and which rights it has.
mkdir -m 777 "$work/acted"
cat >"$work/act" <<END
#!/bin/sh
echo "\$1 \$(id -un) \$(sed -n 's/^CapPrm:\t*//p' /proc/self/status)" >>"$work/acted/all"
END
chmod 755 "$work/act"
cat >"$work/rules.yaml" <<END
rules:
  - name: legacy
    description: TLS below 1.2
    when: tls.version < 1.2
    key: [server.ip]
    then:
      - {exec: [$work/act, '{server.ip}']}
END
acted() { grep -c "192.0.2.$1 " "$work/acted/all"; } # SERVER
has_acted() { [ "$(acted "$1")" -ge 1 ]; }
session() { python3 tests/alerts/days.py send span0 "$CAPTURES/tls10-postfix-exim.pcap" "$1"; } # SERVER
acts() { # NAME SERVER: a session of this server has its action
	session "$2"
	if wait_until has_acted "$2"; then ok "$1"; else not_ok "$1" "no action for 192.0.2.$2"; fi
}

# A child that is no other; the first one is from before anybody was confined.
unconfined() {
	local pid
	for pid in $(children); do
		[ "$(status_of "$pid" Seccomp)" = 0 ] && echo "$pid"
	done
}
all() { pgrep -f "^$SENSOR " | sort -n; } # processes that are the sensor's, wherever they hang
is_other() { # OLD: there is a child that was not among these
	other=$(comm -13 <(sort <<<"$1") <(children | sort))
	[ -n "$other" ]
}
nobody_left() { [ -z "$(all)" ]; }
listen() {
	rm -f "$work"/spool* "$work/acted/all"
	redis flushall >/dev/null
	sensor_start -i span1 --redis "unix:$socket" --rules "$work/rules.yaml" --workers 2 --stats 1
	wait_until said 'stats packets='
	wait_until has_started
}
has_started() { [ "$(children | wc -l)" = 4 ]; }

redis_start
listen
acts "an action of a live sensor" 1
same "... as somebody without rights" "nobody 0000000000000000" "$(cut -d' ' -f2- "$work/acted/all" | sed 's/tlsvane/nobody/')"
keeper=$(unconfined)
runner=$(pgrep -P "$keeper")
same "one process starts actions, one acts" "1 1" "$(wc -w <<<"$keeper") $(wc -w <<<"$runner")"

old=$(children)
kill -KILL "$keeper"
wait_until said "the process that starts actions (process $keeper) died of signal 9" && ok "who starts actions is killed: is said"
wait_until is_other "$old" && ok "... and another takes its place"
acts "... who acts goes on" 2
wait_until is_number actions_done 2 # else it is not known that it was done, and it is done again
kill -KILL "$runner"
acts "who acts is killed, too: the new one starts another" 3
same "... as somebody without rights" "nobody 0000000000000000" \
	"$(tail -n 1 "$work/acted/all" | cut -d' ' -f2- | sed 's/tlsvane/nobody/')"
# shellcheck disable=SC2086 # $other is one
same "... which has none itself" "$(id -u tlsvane 2>/dev/null || id -u nobody) 0000000000000000 1" \
	"$(status_of $other Uid) $(status_of $other CapPrm) $(status_of $other NoNewPrivs)"
same "... each server's once" "1 1 1" "$(acted 1) $(acted 2) $(acted 3)"

# Both at once, with the recorder, while a session comes in.
session 4
# shellcheck disable=SC2046,SC2086 # several
kill -KILL $other $(pgrep -P "$other") $(recorder)
acts "who starts actions, who acts and who decides die at once: a later alert is acted on" 5
stop "after all that"
wait_until nobody_left && ok "... nobody is left behind" || not_ok "... nobody is left behind" "$(ps -ef)"

listen
acts "a new sensor acts" 6
kill -KILL "$sensor_pid"
wait "$sensor_pid" 2>/dev/null
wait_until nobody_left && ok "the supervisor is killed: nobody is left behind" ||
	not_ok "the supervisor is killed: nobody is left behind" "$(ps -ef)"
done_testing
