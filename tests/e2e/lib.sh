# Sourced by the end-to-end scripts: a work directory, a private Redis, and one line a test.
# BUILD says where the programs are.
bin=$(realpath "${BUILD:-build}")
SENSOR=$bin/tlsvane-sensor
TLSVANE=$bin/tlsvane
CAPTURES=$PWD/tests/captures
passed=0 failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/tlsvane-e2e.XXXXXX")
socket=$work/redis.sock
chmod 777 "$work" # a live sensor is not root any more when it writes there

finish() {
	trap '' EXIT
	redis_stop
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { passed=$((passed + 1)); echo "ok $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok $1: $2"; }

redis_start() { # OPTION...
	redis-server --port 0 --unixsocket "$socket" --unixsocketperm 777 --dir "$work" --appendonly yes --save '' --daemonize yes \
		--pidfile "$work/redis.pid" "$@" >"$work/redis.log"
	for _ in $(seq 100); do
		redis-cli -s "$socket" ping >"$work/ping" 2>&1
		grep -qE 'PONG|NOAUTH' "$work/ping" && return
		sleep 0.05
	done
	echo "redis-server did not start: $(cat "$work/redis.log")" >&2
	exit 1
}

redis_stop() {
	[ -f "$work/redis.pid" ] || return 0
	kill -CONT "$(cat "$work/redis.pid")" 2>/dev/null # a test may have ended while it slept
	kill "$(cat "$work/redis.pid")" 2>/dev/null
	for _ in $(seq 100); do
		[ -S "$socket" ] || break
		sleep 0.05
	done
	rm -rf "$work/redis.pid" "$work/appendonlydir"
}

redis() { redis-cli -s "$socket" "$@"; }

sensor() { "$SENSOR" --spool "$work/spool" --name test "$@"; }

# The same in the background; its process is $sensor_pid, not a shell around it.
sensor_start() {
	"$SENSOR" --spool "$work/spool" --name test "$@" 2>"$work/err" &
	sensor_pid=$!
}

# A signal to all processes of a live sensor: the supervisor, its workers, the recorder.
signal_all() { # SIGNAL
	# shellcheck disable=SC2046 # several
	kill "-$1" "$sensor_pid" $(pgrep -P "$sensor_pid")
}

# Runs a command that must fail: its exit status, and one line on stderr with these words in it.
fails() { # NAME STATUS WORDS COMMAND...
	local name=$1 status=$2 words=$3 got
	shift 3
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	if [ "$got" -ne "$status" ]; then
		not_ok "$name" "exit $got instead of $status: $(head -c 300 "$work/err")"
	elif [ "$(wc -l <"$work/err")" -ne 1 ]; then
		not_ok "$name" "$(wc -l <"$work/err") lines instead of one: $(head -c 400 "$work/err")"
	elif ! grep -qF -- "$words" "$work/err"; then
		not_ok "$name" "does not say '$words': $(head -c 300 "$work/err")"
	else
		ok "$name"
	fi
}

# What is expected against what was got.
same() { # NAME EXPECTED GOT
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', got '$3'"; fi
}

done_testing() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}
