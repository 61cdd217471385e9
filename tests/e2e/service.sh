#!/bin/bash
# needs root
# Under a service manager and a journal of our own making: what they hear of a live sensor from its start to its end.
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount "$0" "$@"
fi
. tests/e2e/lib.sh
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal
ip link set lo up

# Two datagram sockets; each message goes into a file as it comes, its fields a line each.
cat >"$work/listen.py" <<'PY'
import os, select, socket, sys
def bound(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    return s
pairs = {bound("/run/systemd/journal/socket"): open(sys.argv[1] + "/journal", "w", buffering=1),
         bound("/run/notify"): open(sys.argv[1] + "/notify", "w", buffering=1)}
open(sys.argv[1] + "/listening", "w").close()
while True:
    for s in select.select(list(pairs), [], [])[0]:
        pairs[s].write(s.recv(65536).decode() + "\n\n")
PY
python3 "$work/listen.py" "$work" &
listener=$!

wait_for() { # COMMAND...
	for _ in $(seq 400); do
		"$@" 2>/dev/null && return
		sleep 0.05
	done
	return 1
}

# Checks that something comes to be said.
hears() { # NAME FILE WORDS
	if wait_for grep -qF -- "$3" "$work/$2"; then ok "$1"; else not_ok "$1" "no '$3' in: $(tail -c 500 "$work/$2")"; fi
}
wait_for test -e "$work/listening"

cat >"$work/rules.yaml" <<'YAML'
rules:
  - {name: old, when: tls.version < 1.2, then: [log]}
YAML
: >"$work/stderr"
export NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=600000
JOURNAL_STREAM=$(stat -c %d:%i "$work/stderr") "$SENSOR" -i lo --json "$work/json" --rules "$work/rules.yaml" \
	--spool "$work/spool" --name test --stats 1 2>"$work/stderr" &
sensor_pid=$!
hears "ready" notify "READY=1"
hears "a line for systemctl status" notify "STATUS=lo: "
hears "the watchdog is kept quiet" notify "WATCHDOG=1"
hears "statistics in the journal" journal "MESSAGE=stats packets="
hears "... their numbers as fields" journal "TLSVANE_FLOWS_OPEN=0"
hears "... and whose they are" journal "TLSVANE_SENSOR=test"
hears "... from where" journal "TLSVANE_SOURCE=lo"
mv "$work/json" "$work/json.1"
echo 'rules: nonsense' >"$work/rules.yaml"
kill -HUP "$sensor_pid"
hears "SIGHUP: reloading" notify "RELOADING=1"
hears "SIGHUP: what is wrong with the rules is an entry" journal "MESSAGE=$work/rules.yaml:1:8"
hears "... of that part" journal "TLSVANE_PART=rules"
if wait_for test -e "$work/json"; then ok "SIGHUP: a --json file that was moved away is begun anew"; else
	not_ok "SIGHUP: a --json file that was moved away is begun anew" "it is not there"
fi
kill -TERM "$sensor_pid"
wait "$sensor_pid"
same "exit 0" 0 $?
hears "the end begins" notify "STOPPING=1"
hears "the last line" journal "0 sessions in"
same "nothing on stderr besides" "" "$(cat "$work/stderr")"

# Where stderr is something else, lines go there.
JOURNAL_STREAM=1:1 "$SENSOR" -r "$CAPTURES/tls10-postfix-exim.pcap" --json - >/dev/null 2>"$work/stderr"
same "another stderr gets the line" 1 "$(grep -c '^tlsvane-sensor: .* 1 session in' "$work/stderr")"
kill "$listener"
done_testing
