# Sourced behind lib.sh by the scripts that look at a live sensor's processes: $sensor_pid, what it says in $work/err.

wait_until() { # COMMAND...: until it succeeds; else a test has failed
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	not_ok "waited in vain for: $*" "the sensor says: $(grep -v ' stats ' "$work/err" | tail -n 20)"
	return 1
}
said() { grep -qF -- "$1" "$work/err"; } # WORDS
number() { redis hget tlsvane:sensor:test "$1"; }
is_number() { [ "$(number "$1")" = "$2" ]; } # NAME VALUE
counted() { redis eval 'local n = 0
	for _, k in ipairs(redis.call("keys", "tlsvane:server:*")) do n = n + (redis.call("hget", k, "sessions") or 0) end
	return n' 0; }
is_counted() { [ "$(counted)" = "$1" ]; }
children() { pgrep -P "$sensor_pid" -a -f . | cut -d' ' -f1; }

# Which child is who: a worker has a packet socket, the recorder has the board.
has_board() { readlink "/proc/$1/fd/"* 2>/dev/null | grep -q 'tlsvane-board'; }
workers() {
	local pid
	for pid in $(children); do
		has_board "$pid" && continue
		[ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$pid/status" 2>/dev/null)" = 2 ] && echo "$pid"
	done
}
recorder() {
	local pid
	for pid in $(children); do
		has_board "$pid" && echo "$pid"
	done
}
has_workers() { [ "$(workers | wc -l)" = "$1" ]; }

stop() { # NAME [STATUS]
	kill -TERM "$sensor_pid"
	wait "$sensor_pid"
	same "$1: exit ${2:-0}" "${2:-0}" $?
}
status_of() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
