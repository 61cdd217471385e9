#!/bin/bash
# plain only
# make install: every file at its place; manual pages that say what the programs' help says; a unit that systemd
# accepts and finds safe.
. tests/e2e/lib.sh
root=$work/root
make install DESTDIR="$root" PREFIX=/usr >"$work/install.log" 2>&1 || not_ok "make install" "$(tail -n 5 "$work/install.log")"
same "files" "etc/default/tlsvane-enforce
etc/default/tlsvane-sensor
usr/bin/tlsvane
usr/lib/systemd/system/tlsvane-enforce.service
usr/lib/systemd/system/tlsvane-enforce.timer
usr/lib/systemd/system/tlsvane-sensor@.service
usr/lib/sysusers.d/tlsvane.conf
usr/sbin/tlsvane-sensor" "$(cd "$root" && find . -type f | sed 's:^\./::' | grep -v '^usr/share/' | LC_ALL=C sort)"
same "rule packs" "$(ls rules/*.yaml)" "$(cd "$root/usr/share/tlsvane" && ls rules/*.yaml)"
same "their place is found" 0 "$("$root/usr/bin/tlsvane" rules check legacy-tls.yaml >/dev/null; echo $?)"

same "... and named" 0 "$(grep -q ' /usr/share/tlsvane/rules/enforcement.yaml,' "$root/etc/default/tlsvane-enforce"; echo $?)"

# An administrator's file stays.
echo 'OPTIONS=mine' >"$root/etc/default/tlsvane-sensor"
make install DESTDIR="$root" PREFIX=/usr >"$work/install.log" 2>&1
same "a changed /etc/default/tlsvane-sensor stays" 'OPTIONS=mine' "$(cat "$root/etc/default/tlsvane-sensor")"

for page in "$root"/usr/share/man/man*/*; do
	name=${page##*/}
	same "$name: no fault found" "" "$(mandoc -T lint -W warning "$page" 2>&1)"
	mandoc -T utf8 "$page" | col -bx | tr -s ' \n' '  ' >"$work/${name%.*}.text"
done

# Every word of a table stands in the page: options, commands, fields, metrics.
says_all() { # NAME PAGE WORD...
	local name=$1 page=$2 missing='' word
	shift 2
	for word; do
		grep -qF -- " $word" "$work/$page.text" || missing+=" $word"
	done
	if [ -z "$missing" ] && [ $# -gt 3 ]; then ok "$name"; else not_ok "$name" "not in the page:$missing"; fi
}
words() { grep -oE "$1" | sort -u; }
# shellcheck disable=SC2046
says_all "tlsvane-sensor(8): options" tlsvane-sensor $("$SENSOR" --help | words ' --[a-z-]+')
# shellcheck disable=SC2046
says_all "tlsvane-sensor(8): metrics" tlsvane-sensor $("$TLSVANE" help metrics | words '^tlsvane_sensor_[a-z_]+')
# shellcheck disable=SC2046
says_all "tlsvane-fields(7): fields" tlsvane-fields $("$TLSVANE" help fields | words '^[a-z@][a-z0-9_.]+')
commands=$("$TLSVANE" help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | grep -v help)
# shellcheck disable=SC2086
says_all "tlsvane(1): commands" tlsvane $commands
# shellcheck disable=SC2046
says_all "tlsvane(1): options" tlsvane $(for command in $commands; do "$TLSVANE" help "$command"; done | words '^ +--[a-z-]+')

units=$root/usr/lib/systemd/system
mkdir "$work/units"
for unit in "$units"/*; do
	sed "s:=/usr/\(s\?bin\):=$root/usr/\1:" "$unit" >"$work/units/${unit##*/}" # verify looks for the program
done
for unit in tlsvane-sensor@.service tlsvane-enforce.service tlsvane-enforce.timer; do
	same "systemd-analyze verify $unit" "" "$(cd "$work/units" && systemd-analyze verify --man=no "./$unit" 2>&1 | grep -F tlsvane)"
done
# 2.0 and 1.2 were measured; what is left needs the network, and the sensor packet sockets and their capability.
is_safe() { # UNIT TENTHS
	if (cd "$work/units" && systemd-analyze security --offline=true --threshold="$2" --no-pager "./$1") >"$work/security" 2>&1; then
		ok "systemd-analyze security $1: $(tail -n 1 "$work/security" | grep -oE '[0-9.]+ [A-Z]+')"
	else
		not_ok "systemd-analyze security $1" "$(tail -n 1 "$work/security")"
	fi
}
is_safe tlsvane-sensor@.service 21
is_safe tlsvane-enforce.service 13
# Options of a unit and its defaults that its program does not have.
unknown() { # NAME UNIT HELP
	grep -oE '^(ExecStart|OPTIONS)=.*' "$units/$2" "tools/systemd/$1.default" | grep -oE '[" ]--?[a-z-]+' | tr -d '" ' |
		while read -r option; do grep -qE -- "(^|  *)$option " <<<"$3" || echo "$option"; done
}
same "the unit's options are the sensor's" "" "$(unknown tlsvane-sensor tlsvane-sensor@.service "$("$SENSOR" --help)")"
same "... and those of enforce" "" "$(unknown tlsvane-enforce tlsvane-enforce.service "$("$TLSVANE" help enforce)")"
same "the timer's word is a command" 0 "$(grep -q 'tlsvane enforce update \$OPTIONS$' "$units/tlsvane-enforce.service" &&
	"$TLSVANE" help enforce | grep -qF 'enforce update'; echo $?)"
done_testing
