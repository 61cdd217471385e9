#!/bin/bash
# Bad input: each gives one line that says what, where and the mend, and the exit status of its kind.
. tests/e2e/lib.sh
sample=$CAPTURES/tls12-exim-exim.pcap

: >"$work/empty.pcap"
head -c 10 "$sample" >"$work/header.pcap"
head -c 2000 "$sample" >"$work/cut.pcap"
gzip -c "$sample" >"$work/packed.pcap"
echo "hello, I am a text" >"$work/text.pcap"
printf '\324\303\262\241\2\0\4\0\0\0\0\0\0\0\0\0\377\377\0\0\223\0\0\0' >"$work/bluetooth.pcap"
# What it says comes back with the carriage returns of a terminal.
on_terminal() { # COMMAND...
	python3 - "$@" <<'PY'
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
sys.exit(subprocess.run(sys.argv[1:], stdin=theirs, timeout=30).returncode)
PY
}

for program in "$SENSOR --json /dev/null -r" "$TLSVANE read"; do
	name=$(basename "${program%% *}")
	fails "$name missing file" 2 "check the path" $program "$work/none.pcap"
	fails "$name directory" 2 "is a directory" $program "$work"
	fails "$name empty file" 2 "is empty" $program "$work/empty.pcap"
	fails "$name header cut off" 2 "header is cut off" $program "$work/header.pcap"
	fails "$name gzip" 2 "gunzip -c" $program "$work/packed.pcap"
	fails "$name text" 2 "is not a capture" $program "$work/text.pcap"
	fails "$name link type" 2 "link type" $program "$work/bluetooth.pcap"
done
fails "a terminal as a capture" 2 "standard input is a terminal" on_terminal "$TLSVANE" read -
"$TLSVANE" read "$work/cut.pcap" >"$work/out" 2>"$work/err"
same "tlsvane truncated file: exit 1" 1 $?
grep -q "what came before was used" "$work/err" && [ -s "$work/out" ] && ok "tlsvane truncated file: what is whole is shown" ||
	not_ok "tlsvane truncated file: what is whole is shown" "$(cat "$work/err")"
sensor -r "$work/cut.pcap" --json "$work/records" 2>"$work/err"
same "sensor truncated file: exit 1" 1 $?
same "sensor truncated file: a record" 1 "$(wc -l <"$work/records")"

fails "no source" 2 "-i IFACE" "$SENSOR" --json -
fails "two sources" 2 "exclude each other" "$SENSOR" --json - -i lo -r x
fails "no target" 2 "--redis URL" "$SENSOR" -r "$sample"
fails "unknown option" 2 "no such option; did you mean --json?" "$SENSOR" --jsn -
fails "unknown option with a value" 2 "did you mean --workers?" "$SENSOR" --worker=2
fails "unknown option like none" 2 "--help lists them" "$SENSOR" --frobnicate
fails "no option at all" 2 "eth1: what is it? -i eth1 captures there" "$SENSOR" eth1 --json -
fails "spool in no folder" 1 "give --spool FILE" "$SENSOR" -r "$sample" --redis "unix:$socket" --spool "$work/none/spool"
fails "make run, its seconds" 2 "SECONDS=x: give a number" tools/run IFACE=lo SECONDS=x BUILD="$bin"
fails "no such rules" 2 "$work/none.yaml: cannot be read: No such file" "$SENSOR" -r "$sample" --json - --rules "$work/none.yaml"
(cd "$work" && TLSVANE_PACKS=$OLDPWD/rules "$SENSOR" -r "$sample" --json "$work/packed" --rules legacy-tls.yaml 2>"$work/err")
same "a pack by its name" 0 $?
fails "option without value" 2 "needs a value" "$SENSOR" -r
fails "ports" 2 "25,587" "$SENSOR" -r "$sample" --json - --ports 25,x
fails "name" 2 "letters" "$SENSOR" -r "$sample" --json - --name 'a b'
fails "retention" 2 "90d" "$SENSOR" -r "$sample" --json - --retention 90
fails "stats" 2 "86400" "$SENSOR" -r "$sample" --json - --stats 0
fails "metrics for everybody" 2 "give a loopback address" "$SENSOR" -r "$sample" --json - --metrics 0.0.0.0:9125
fails "json in no folder" 2 "may write" "$SENSOR" -r "$sample" --json "$work/none/x"
fails "password file" 2 "check the path" "$SENSOR" -r "$sample" --json - --password-file "$work/none"
fails "redis URL" 2 "unix:" sensor -r "$sample" --redis ftp://x
fails "unknown interface" 2 "no such interface" "$SENSOR" -i none0 --json -
if [ "$(id -u)" -eq 0 ]; then
	echo 'rules: []' >"$work/root.yaml"
	chmod 600 "$work/root.yaml"
	fails "rules of root alone" 2 "Permission denied; let user nobody read it" \
		"$SENSOR" -i lo --user nobody --json - --spool "$work/spool" --rules "$work/root.yaml"
	fails "no permission to capture" 2 "CAP_NET_RAW" setpriv --bounding-set -net_raw --inh-caps -net_raw \
		--reuid 65534 --clear-groups "$SENSOR" -i lo --json -
fi

"$SENSOR" -r "$sample" --json /dev/full 2>"$work/err"
same "json on a full disk: exit 1" 1 $?
grep -q "cannot write records: No space left" "$work/err" && ok "json on a full disk: says so" ||
	not_ok "json on a full disk: says so" "$(cat "$work/err")"

redis_start --requirepass right
fails "no password" 1 "password" sensor -r "$sample" --redis "unix:$socket"
fails "wrong password" 1 "password" env TLSVANE_REDIS_PASSWORD=wrong "$SENSOR" -r "$sample" --redis "unix:$socket" --spool "$work/s"
TLSVANE_REDIS_PASSWORD=right sensor -r "$sample" --redis "unix:$socket" 2>"$work/err"
same "right password from the environment" 0 $?
echo right >"$work/password"
sensor -r "$sample" --redis "unix:$socket" --password-file "$work/password" 2>"$work/err"
same "right password from a file" 0 $?
redis -a right --no-auth-warning acl setuser anna on '>hers' +@all '~*' '&*' >/dev/null
fails "a user without a password" 2 "give --password-file FILE" sensor -r "$sample" --redis "unix://anna@$socket"
TLSVANE_REDIS_PASSWORD=hers sensor -r "$sample" --redis "unix://anna@$socket" 2>"$work/err"
same "a user in the URL, her password from the environment" 0 $?
redis_stop

redis_start
redis set tlsvane:schema 99 >/dev/null
fails "another schema" 1 "schema" sensor -r "$sample" --redis "unix:$socket"
redis_stop
sensor -r "$sample" --redis "unix:$socket" 2>"$work/err"
same "redis away: the counters go to the spool, exit 0" 0 $?
[ -s "$work/spool" ] && ok "redis away: the spool is there" || not_ok "redis away: the spool is there" "$(cat "$work/err")"
redis_start
sensor -r "$sample" --redis "unix:$socket" 2>"$work/err"
same "redis back: the spool and the new records are there" "$(("$(wc -l <"$work/records")" * 2))" \
	"$(redis hget 'tlsvane:server:{192.0.2.26}:test' sessions)"
[ ! -e "$work/spool" ] && ok "redis back: the spool is gone" || not_ok "redis back: the spool is gone" "$(cat "$work/err")"
for option in --max-flows --max-sessions --max-pairs; do
	fails "sensor $option" 2 "from 100 to" sensor -i lo --json "$work/json" $option 99
done
fails "sensor --buffer" 2 "from 1 to 2000" sensor -i lo --json "$work/json" --buffer 2001
done_testing
