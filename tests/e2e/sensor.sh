#!/bin/bash
# The sensor's ways in and out: files, standard input, JSON, ports, statistics, signals, names.
. tests/e2e/lib.sh
sample=$CAPTURES/tls12-exim-exim.pcap

sensor -r "$sample" --json - 2>/dev/null >"$work/a"
sensor -r - --json "$work/b" 2>/dev/null <"$sample"
same "standard input gives the same records" "$(cat "$work/a")" "$(cat "$work/b")"
same "a record is one line of JSON" 1 "$(python3 -c 'import json,sys; print(len([json.loads(l) for l in sys.stdin]))' <"$work/a")"
same "another port is not mail" "" "$(sensor -r "$sample" --json - --ports 2525 2>/dev/null)"
same "several ports" "$(cat "$work/a")" "$(sensor -r "$sample" --json - --ports 2525,25 2>/dev/null)"
sensor -r "$sample" --json "$work/b" 2>/dev/null
same "--json FILE appends" 2 "$(wc -l <"$work/b")"

# A fifo that stays open keeps a replay waiting for more.
mkfifo "$work/fifo"
replay_start() {
	sensor_start -r "$work/fifo" --json "$work/c" --redis "unix:$socket"
	exec 9>"$work/fifo"
	cat "$sample" >&9
	sleep 1
}
feed() { # SIGNAL...
	replay_start
	for signal in "$@"; do
		kill "-$signal" "$sensor_pid" 2>/dev/null
		sleep 0.3
	done
	exec 9>&- # a sensor that inherits it would never see the end
	wait "$sensor_pid"
}
redis_start
for signal in INT TERM; do
	rm -f "$work/c"
	redis flushall >/dev/null
	feed "$signal"
	same "SIG$signal: exit 0" 0 $?
	same "SIG$signal: the record is written" 1 "$(wc -l <"$work/c")"
	same "SIG$signal: ... and counted" 1 "$(redis hget 'tlsvane:server:{192.0.2.26}:test' sessions)"
done

replay_start
fails "a living sensor's name is refused" 1 "name" sensor -r "$sample" --redis "unix:$socket" --spool "$work/other"
exec 9>&-
wait "$sensor_pid"
sensor -r "$sample" --redis "unix:$socket" 2>"$work/err"
same "the name is free again" 0 $?

replay_start
kill -KILL "$sensor_pid"
wait "$sensor_pid" 2>/dev/null
exec 9>&-
sensor -r "$sample" --redis "unix:$socket" 2>"$work/err"
same "a dead sensor's name is taken over at once" 0 $?
done_testing
