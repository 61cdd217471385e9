#!/bin/bash
# needs root
# Supervisor, workers and recorder: what each may, that any of them may die or hang at any time, and that sessions are
# whole and counted once however many workers share them. In a network namespace of its own.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount "$0" "$@"
fi
. tests/e2e/lib.sh
. tests/e2e/processes_lib.sh
sample=$CAPTURES/tls12-exim-exim.pcap
many() { python3 tests/e2e/many.py "$sample" "$@"; } # OUT FIRST CLIENTS KIND...

ip link set lo up
ip link add span0 type veth peer name span1
for interface in span0 span1; do
	sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" 2>/dev/null
	ip link set "$interface" mtu 9000 up
done

listen() { # OPTION...: a sensor that has begun
	rm -f "$work"/spool*
	redis flushall >/dev/null
	sensor_start -i "${interface:-span1}" --redis "unix:$socket" --watchdog 60 --stats 1 "$@"
	wait_until said 'stats packets=' # of a recorder
	wait_until joined
}
# All packet sockets are there, and all workers have theirs.
joined() { [ "$(children | wc -l)" -gt 1 ]; }

send() { python3 tests/e2e/send_fast.py "$1" span0 "${@:2}"; } # FILE [FROM TO]

frames() { python3 -c 'import sys; sys.path.insert(0, "tests/e2e"); import many; print(len(list(many.read_frames(sys.argv[1]))))' "$1"; }
# Of forty sessions under way, all but the lost ones.
has_whole() { [ "$(grep -c '"confidence":"full"' "$work/live")" = $((40 - ${lost#*=})) ]; }

redis_start

# ---- Replays over several workers ----

differ=0
for capture in "$CAPTURES"/*.pcap; do
	"$SENSOR" -r "$capture" --json - 2>/dev/null | sort >"$work/one"
	"$SENSOR" -r "$capture" --workers 3 --json - 2>/dev/null | sort >"$work/three"
	cmp -s "$work/one" "$work/three" || { differ=$((differ + 1)); echo "$capture differs"; }
done
same "every capture: three workers give the records of one process" 0 $differ
many "$work/many.pcap" 0 10 plain vlan qinq metadata mpls pppoe gre erspan vxlan geneve ipip 4in6 fragments vxlan-fragments
for count in 1 2 4; do
	sensor -r "$work/many.pcap" --workers $count --json "$work/json$count" 2>"$work/err"
	same "tunnels and fragments, $count workers: sessions, all whole" "140 140" \
		"$(wc -l <"$work/json$count") $(grep -c '"confidence":"full"' "$work/json$count")"
done
same "... and the same ones" "" "$(diff <(sort "$work/json1") <(sort "$work/json4"))"

# ---- What each may ----

listen --workers 2
wait_until has_workers 2
same "two workers and a recorder" "2 1" "$(workers | wc -l) $(recorder | wc -l)"
nobody=$(id -u tlsvane 2>/dev/null || id -u nobody)
for pid in $sensor_pid $(recorder) $(workers); do
	capabilities=$(status_of "$pid" CapPrm)
	[ "$pid" != "$sensor_pid" ] || capabilities=$(printf '%016x' $((16#$capabilities & ~(1 << 13) & ~(1 << 39))))
	same "process $([ "$pid" = "$sensor_pid" ] && echo supervisor || echo child): user, seccomp, no new privileges, rights" \
		"$nobody 2 1 0000000000000000" \
		"$(status_of "$pid" Uid) $(status_of "$pid" Seccomp) $(status_of "$pid" NoNewPrivs) $capabilities"
done
for pid in $(workers); do
	same "a worker has no file, and no socket of the network but its capture" "" \
		"$(ls -l "/proc/$pid/fd" | sed -n '/ 2 ->/d; s/.*-> //p' | grep -vE "^(socket|anon_inode|pipe|/dev/null)" | head)"
done

# ---- Live over several workers ----

send "$work/many.pcap"
wait_until is_counted 140 && ok "two workers, live: every session is counted"
stop "two workers"
for count in 2 4; do
	rm -f "$work/live"
	listen --workers $count --json "$work/live"
	wait_until has_workers $count
	send "$work/many.pcap"
	wait_until is_counted 140
	stop "$count workers"
	same "$count workers, live: tunnels and fragments, all whole" "140 140" \
		"$(wc -l <"$work/live") $(grep -c '"confidence":"full"' "$work/live")"
done

# What goes out begins elsewhere in the kernel than what comes in.
rm -f "$work/live"
interface=span0 listen --workers 4 --json "$work/live"
wait_until has_workers 4
send "$work/many.pcap"
wait_until is_counted 140
stop "what goes out"
same "4 workers, live, of what goes out: all whole" "140 140" "$(wc -l <"$work/live") $(grep -c '"confidence":"full"' "$work/live")"

# A tunnel is shared, too: the worker that dies has some of its sessions, the other one has the rest.
many "$work/tunnel.pcap" 130 40 vxlan
middle=$(($(frames "$work/tunnel.pcap") / 2))
rm -f "$work/live"
listen --workers 2 --json "$work/live"
wait_until has_workers 2
send "$work/tunnel.pcap" 0 $middle
wait_until said 'flows_open=40'
kill -KILL "$(workers | head -n 1)"
wait_until has_workers 2
wait_until grep -q 'flows_lost=[1-9]' "$work/err"
send "$work/tunnel.pcap" $middle "$(frames "$work/tunnel.pcap")"
lost=$(grep -o 'flows_lost=[0-9]*' "$work/err" | tail -n 1)
wait_until has_whole && [ "${lost#*=}" -gt 5 ] && [ "${lost#*=}" -lt 35 ] && ok "one VXLAN tunnel, live: both workers have sessions of it, whole" ||
	not_ok "one VXLAN tunnel, live: both workers have sessions of it" "one of them ${lost#*=} of 40, $(grep -c '"confidence":"full"' "$work/live") whole"
stop "a tunnel's sessions"

# ---- Who dies is replaced ----

clients=20
twenty() { # of clients that were not seen before
	clients=$((clients + 1))
	many "$work/twenty.pcap" $clients 20 plain
	send "$work/twenty.pcap"
}
again() { # SESSIONS: twenty more, until so many are counted
	twenty
	wait_until is_counted "$1"
}
began=$(date +%s)
listen --workers 2
wait_until has_workers 2
again 20 && ok "before: twenty"
kill -SEGV "$(workers | head -n 1)"
crashed() { grep -qE "worker .* (died of signal 11|ended with status 1)" "$work/err"; } # a sanitizer's way, too
wait_until crashed && ok "a worker crashes: it is said"
wait_until has_workers 2 && ok "... and another takes its place"
wait_until is_number worker_deaths 1 && ok "... and it is counted"
again 40 && ok "... all sessions are read again"
old=$(recorder)
kill -STOP "$old"
twenty
kill -CONT "$old"
wait_until is_counted 60 && ok "a recorder that sleeps a moment: nothing is lost"
wait_until is_number entries_waiting 0
kill -KILL "$old"
wait_until said "recorder (process $old) died"
wait_until is_number recorder_deaths 1 && ok "a recorder dies: said, replaced and counted"
again 80 && ok "... the tally goes on"
same "... nothing was lost" 0 "$(number records_lost)"
kill -KILL "$(recorder)"
again 100 && ok "sessions that end while there is no recorder wait for it"
packets=$(number packets) lived=$(($(date +%s) - began))
# shellcheck disable=SC2046 # two of them
kill -KILL $(workers)
wait_until has_workers 2
again 120
has_grown() { [ "$(number packets)" -gt "$packets" ]; }
wait_until has_grown && ok "numbers only grow"
wait_until is_number records_died 0
[ "$(number redis_connects)" -ge 3 ] && ok "... those of recorders that died, too" || not_ok "... those of recorders that died" "$(number redis_connects)"
stop "after all that"
closing=$(grep ' sessions in ' "$work/err" | tail -n 1)
same "... the last line has them all" 120 "$(grep -o '[0-9]* sessions in' <<<"$closing" | cut -d' ' -f1)"
seconds=$(sed 's/.* sessions in \([0-9]*\).*/\1/' <<<"$closing")
[ "$seconds" -ge $((lived - 2)) ] && ok "... and all the time" || not_ok "... and all the time" "$closing, at least $lived s"

# Redis does not answer, so it is not ready yet.
rm -f "$work"/spool*
redis flushall >/dev/null
kill -STOP "$(cat "$work/redis.pid")"
sensor_start -i span1 --redis "unix:$socket" --watchdog 60 --stats 1
has_recorder() { [ -n "$(recorder)" ] && [ "$(recorder)" != "$1" ]; } # OLD
wait_until has_recorder none
old=$(recorder)
kill -KILL "$old"
wait_until said "recorder (process $old) died" && ok "a recorder dies before it is ready: it is said"
wait_until has_recorder "$old" && ok "... and another takes its place"
kill -CONT "$(cat "$work/redis.pid")"
wait_until has_workers 1 && wait_until is_number recorder_deaths 1 && ok "... all is ready, and it is counted"
stop "a recorder that was not ready"

listen --workers 2 --watchdog 4
wait_until has_workers 2
kill -STOP "$(workers | tail -n 1)"
wait_until said 'showed no life' && ok "a worker hangs: it is said"
wait_until has_workers 2 && wait_until is_number worker_hangs 1 && ok "... replaced and counted"
again 20 && ok "... all sessions are read again"
stop "a worker that hung"

listen --workers 2 --watchdog 4
wait_until has_workers 2
signal_all STOP
sleep 6 # longer than the watchdog
signal_all CONT
again 20 && ok "all stand still for a while, and go on"
wait_until is_number worker_deaths 0 && wait_until is_number recorder_deaths 0 && ok "... nobody is taken for dead"
stop "all that stood still"

# Sessions under way: those of the worker that dies are lost, all others stay whole.
rm -f "$work/live"
many "$work/forty.pcap" 100 40 plain
frames=$(frames "$work/forty.pcap")
listen --workers 4 --json "$work/live"
wait_until has_workers 4
send "$work/forty.pcap" 0 $((frames / 2))
wait_until said 'flows_open=40'
kill -KILL "$(workers | head -n 1)"
wait_until said 'died of signal 9'
wait_until has_workers 4
wait_until grep -q 'flows_lost=[1-9]' "$work/err"
send "$work/forty.pcap" $((frames / 2)) "$frames"
lost=$(grep -o 'flows_lost=[0-9]*' "$work/err" | tail -n 1)
wait_until has_whole && ok "a worker of four dies in the middle: the sessions of the others stay whole"
[ "${lost#*=}" -gt 0 ] && ok "... those it had are counted" || not_ok "... those it had are counted" "$lost"
stop "a worker of four that died"
said "${lost#*=} connections that were open when their worker died" && ok "... and it is said why they are lost" ||
	not_ok "... and it is said why they are lost" "$(grep 'less sure' "$work/err")"

# Records that a recorder has taken outlive it, whether it had begun to write them or not.
no_loss() { # NAME SESSIONS
	wait_until is_counted "$2"
	wait_until is_number entries_waiting 0
	same "$1: all is counted, once" "$2 0" "$(counted) $(number records_lost)"
}
listen --workers 1
redis client pause 3000 write >/dev/null # it takes records and cannot write them
twenty
wait_until said 'sessions=20'
kill -KILL "$(recorder)"
no_loss "a recorder dies with records" 20
for sessions in 40 60 80; do
	clients=$((clients + 1))
	many "$work/twenty.pcap" $clients 20 plain
	old=$(recorder)
	send "$work/twenty.pcap" &
	sent=$!
	kill -KILL "$old"
	wait $sent
	wait_until said " sessions=$sessions"
done
no_loss "recorders die while records come" 80
redis shutdown >/dev/null 2>&1
for sessions in 100 120; do
	twenty
	wait_until said " sessions=$sessions"
	kill -KILL "$(recorder)"
done
wait_until said 'are counted again'
redis_start
no_loss "recorders die while Redis is away" 120
stop "recorders that died with records"

# Recorders that do not get to what waits for them have not died of it.
rules() { # WHEN
	printf 'rules:\n  - name: any\n    when: %s\n    then: [log]\n' "$1" >"$work/rules.yaml"
	chmod 644 "$work/rules.yaml"
}
refused() { [ "$(grep -c 'ended with status 2' "$work/err")" -ge "$1" ]; } # TIMES
rules 'tlsvane.outcome = tls'
listen --workers 1 --rules "$work/rules.yaml"
redis shutdown >/dev/null 2>&1
twenty
wait_until said ' sessions=20'
rules '['
kill -KILL "$(recorder)"
wait_until refused 5
rules 'tlsvane.outcome = tls'
wait_until said 'are counted again'
redis_start
no_loss "recorders that rules keep from starting" 20
stop "recorders that rules kept from starting"

# ---- The end ----

listen --workers 2
all=$(children)
kill -KILL "$sensor_pid"
wait "$sensor_pid" 2>/dev/null
gone() { for pid in $all; do [ ! -e "/proc/$pid" ] || [ "$(status_of "$pid" State)" = Z ] || return 1; done; }
wait_until gone && ok "the supervisor is killed: its children die"
sensor -r "$sample" --redis "unix:$socket" 2>"$work/err"
same "... and its name is free" 0 $?
listen --workers 2
twenty
wait_until said " sessions=20" # the kernel hands packets over some at a time; what was read must not be lost
kill -INT "$sensor_pid"
wait "$sensor_pid"
same "SIGINT: exit 0" 0 $?
same "... and everything is counted" 20 "$(counted)"
listen
kill -STOP "$(recorder)" # it cannot end
kill -TERM "$sensor_pid"
wait_until has_workers 0
ended() { ! kill -TERM "$sensor_pid" 2>/dev/null; } # one too soon behind the first is none: timeout(1) sends two
wait_until ended
wait "$sensor_pid"
same "a second SIGTERM: ends at once, exit 1" 1 $?

# ---- Rights that are wrong ----

fails "a user that is not there" 2 "no such user" sensor -i span1 --json - --user no-such-user
fails "a user with root's rights" 2 "rights of root" sensor -i span1 --json - --user root
mkdir -m 700 "$work/closed"
fails "a spool that cannot be written" 2 "may not write there" \
	"$SENSOR" -i span1 --name test --redis "unix:$socket" --spool "$work/closed/spool"
same "workers that are none" 2 "$("$SENSOR" -i span1 --json - --workers 0 >/dev/null 2>&1; echo $?)"
listen --no-sandbox
said "--no-sandbox" && ok "--no-sandbox: is said"
wait_until is_number sandboxed 0 && ok "--no-sandbox: is in Redis"
"$TLSVANE" sensors --redis "unix:$socket" | grep -q 'alive, not confined' && ok "--no-sandbox: tlsvane sensors shows it" ||
	not_ok "--no-sandbox: tlsvane sensors" "$("$TLSVANE" sensors --redis "unix:$socket")"
stop "--no-sandbox"
done_testing
