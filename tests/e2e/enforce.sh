#!/bin/bash
# needs root
# plain only: tests/policy has the sanitized policy service
# The enforcement clock before real mail servers: Postfix defers, refuses and accepts a real client as the clock moves;
# Exim, OpenSMTPD and nftables read what is exported. The servers come from tests/record (roots of their own).
if [ -z "${TLSVANE_IN_NAMESPACE:-}" ]; then
	TLSVANE_IN_NAMESPACE=1 exec unshare --net --mount --uts --pid --fork --kill-child --mount-proc "$0" "$@"
fi
. tests/e2e/lib.sh
export RECORD=$PWD/tests/record WORK=${TLSVANE_RECORD_DIR:-/tmp/tlsvane-record} PEER_SECONDS=250 TLSVANE_PACKS=$PWD/rules
for file in roots net peers; do
	# shellcheck source=/dev/null
	. "$RECORD/lib/$file.sh"
done
wait_for() { # CMD...: up to a minute, on a machine that is busy
	for _ in $(seq 1200); do
		"$@" && return
		sleep 0.05
	done
	return 1
}
mkdir -p "$WORK"
for root in postfix exim opensmtpd tools; do
	(flock 9 && install_root $root) 9>"$WORK/lock" >"$work/install" 2>&1 && continue
	echo "skip servers: the mail servers of tests/record cannot be installed: $(tail -n 1 "$work/install")"
	exit 0
done
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
export NAME=enforce RUN=$work/run LOGS=$work/run/logs PKI=$work/none
mkdir -p "$LOGS"
chmod -R a+rwX "$work"

redis_start
ip link set lo up
policy=(--rules "$PWD/rules/enforcement.yaml" --redis "unix:$socket")
enforce() { "$TLSVANE" enforce "$@" "${policy[@]}"; }
rehearse() { # OUT DAY CAPTURE: a capture of that day
	python3 tests/policy/month.py "$work/$1" 1 "$2" "$CAPTURES/$3.pcap" && sensor -r "$work/$1" --redis "unix:$socket" 2>/dev/null
}

# ---- Postfix: the clock moves, the pause comes and goes, the host recovers ----

wire_unrecorded postfix postfix
CERTIFICATE=none server postfix 'smtpd_client_restrictions=check_policy_service inet:127.0.0.1:10040' \
	smtpd_tls_security_level=none

daemon=
policyd_start() { # TIME
	nsenter --net=/run/netns/server "$TLSVANE" enforce --policyd 127.0.0.1:10040 --now "$1" "${policy[@]}" >"$work/policyd" 2>&1 &
	daemon=$!
	wait_for grep -q 'Answers Postfix' "$work/policyd"
}
policyd_stop() {
	kill -TERM "$daemon"
	wait "$daemon"
	daemon_status=$?
}

# What a real client is told by a real server at that time.
mail() { # NAME TIME REPLY
	policyd_start "$2"
	: >"$LOGS/client"
	client swaks
	policyd_stop
	if [ "$daemon_status" = 0 ] && grep -qE -- "$3" "$LOGS/client"; then
		ok "$1"
	else
		not_ok "$1" "policyd ended with $daemon_status; no '$3' in: $(grep -E '^<' "$LOGS/client" | tail -n 3 | tr '\n' '|')$(cat "$work/policyd")"
	fi
}
accepted='^<-  250 2.0.0 Ok: queued'
deferred='^<\*\* 450 4.7.230 .*192.0.2.10 speaks TLS below 1.2: deferred'
refused='^<\*\* 550 5.7.230 .*192.0.2.10 speaks TLS below 1.2: refused'

rehearse breach.pcap 2026-09-30 what-if-before-postfix
mail unknown-host 2026-10-01T00:00:00Z "$accepted"
enforce update --now 2026-10-01T00:00:00Z >"$work/out"
grep -q '^1 came into' "$work/out" && ok update || not_ok update "$(cat "$work/out")"
mail day-29 2026-10-30T23:59:59Z "$accepted"
mail day-30 2026-10-31T10:04:59Z "$deferred 5 minutes"
mail day-30-after-5-minutes 2026-10-31T10:05:00Z "$accepted"
mail day-60-throttled 2026-11-30T10:29:59Z "$deferred 30 minutes"
mail day-60-blocked 2026-11-30T10:30:00Z "$refused 5 minutes"
mail day-60-over 2026-11-30T10:35:00Z "$accepted"
mail day-90 2026-12-30T10:59:59Z "$refused 60 minutes"
enforce pause 192.0.2.10 10d --now 2026-12-30T11:00:00Z >/dev/null
mail pause 2027-01-05T10:10:00Z "$accepted"
mail pause-over 2027-01-09T11:00:00Z "$refused"
rehearse clean.pcap 2027-01-10 resume13-postfix-postfix
enforce update --now 2027-01-11 >"$work/out"
mail recovered 2027-01-11T00:01:00Z "$accepted"

# ---- What others load ----

rehearse breach2.pcap 2027-02-01 what-if-before-gnutls
rehearse breach3.pcap 2027-02-01 tls11-sendmail-postfix
enforce update --now 2027-02-01T12:00:00Z >/dev/null
rehearse breach4.pcap 2027-03-15 sslv2-hello-tls10-java-postfix
enforce update --now 2027-03-20T00:00:00Z >/dev/null
reported=$(date -u -d 2027-02-10 +%s)000
redis hset 'tlsvane:enforce:host:{2001:db8::7}' reported "$reported" breach "$reported" >/dev/null
redis zadd tlsvane:enforce:hosts "$reported" 2001:db8::7 >/dev/null
# .115 and .113 are beyond day 90 then, .117 at day 43, 2001:db8::7 at day 82.
at=2027-05-03T10:07:00Z
chmod 711 "$work"
for format in postfix exim opensmtpd nftables; do
	enforce --export $format --now $at >"$work/$format" || not_ok "export-$format" "exit $?"
	chmod 644 "$work/$format"
done

in_root() { # ROOT CMD...
	# shellcheck disable=SC2016
	unshare --mount bash -euc '
		. "$RECORD/lib/roots.sh"
		mount -t tmpfs tmpfs /mnt
		mount_layers "$1" /mnt
		exec "${@:2}"' bash "$WORK/roots/$1" "${@:2}" 2>&1
}
says() { # NAME WORDS <TEXT
	cat >"$work/text"
	grep -qE -- "$2" "$work/text" && ok "$1" || not_ok "$1" "no '$2' in: $(tail -n 5 "$work/text" | tr '\n' '|')"
}

query() { in_root postfix postmap -c "$work" -q "$1" "cidr:$work/postfix"; }
: >"$work/main.cf"
says postfix/refused "550 5.7.230 192.0.2.115 speaks TLS below 1.2: refused 60 minutes of every hour" < <(query 192.0.2.115)
says postfix/deferred "450 4.7.230 192.0.2.117 speaks TLS below 1.2: deferred 10 minutes of every hour" < <(query 192.0.2.117)
says postfix/ipv6 "450 4.7.230 2001:db8::7 speaks TLS below 1.2: deferred 30 minutes of every hour" < <(query 2001:db8::7)
[ -z "$(query 192.0.2.10)" ] && ok postfix/clean || not_ok postfix/clean "$(query 192.0.2.10)"

# The ACL is the one that the export's own comment shows.
{
	echo 'acl_smtp_rcpt = acl_check_rcpt'
	echo 'begin acl'
	sed -n "s|THIS-FILE|$work/exim|g; s/^# \(acl_check_rcpt:\)/\1/p; s/^#   //p" "$work/exim"
	echo '  accept'
} >"$work/exim.conf"
exim_says() { # ADDRESS
	printf 'HELO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nQUIT\r\n' |
		in_root exim exim4 -C "$work/exim.conf" -bh "$1"
}
says exim/configuration "Configuration file is $work/exim.conf" < <(in_root exim exim4 -C "$work/exim.conf" -bV)
says exim/lookup "550 5.7.230 192.0.2.115" < <(in_root exim exim4 -be "\${lookup{192.0.2.115}iplsearch{$work/exim}}")
says exim/refused "550[ -]5.7.230 192.0.2.115 speaks TLS below 1.2" < <(exim_says 192.0.2.115)
says exim/deferred "450[ -]4.7.230 192.0.2.117 speaks TLS below 1.2" < <(exim_says 192.0.2.117)
says exim/ipv6 "450[ -]4.7.230 2001:db8::7 speaks TLS below 1.2" < <(exim_says 2001:db8::7)
says exim/clean "^250 Accepted" < <(exim_says 192.0.2.10)

cat >"$work/smtpd.conf" <<.
include "$work/opensmtpd"
listen on 127.0.0.1 port 25 filter tlsvane
action "nowhere" mda "/bin/true" user mail
match from any for any action "nowhere"
.
says opensmtpd/configuration "configuration OK" < <(in_root opensmtpd smtpd -n -f "$work/smtpd.conf")
says opensmtpd/refused 192.0.2.115 < <(grep -A9 '^table tlsvane-reject' "$work/opensmtpd")

nft -c -f "$work/nftables" >"$work/out" 2>&1 && ok nftables/checks || not_ok nftables/checks "$(head -n 3 "$work/out")"
{ nft -f "$work/nftables" && nft -f "$work/nftables"; } >"$work/out" 2>&1 && ok nftables/loads-twice || not_ok nftables/loads-twice "$(head -n 3 "$work/out")"
says nftables/refused 192.0.2.115 < <(nft list set inet tlsvane reject4)
says nftables/ipv6 2001:db8::7 < <(nft list set inet tlsvane defer6)
enforce --export nftables --now 2027-05-03T10:45:00Z | nft -f -
nft list set inet tlsvane defer4 | grep -q 192.0.2.117 && not_ok nftables/minute "deferred at minute 45" || ok nftables/minute

echo "$passed passed, $failed failed"
[ $failed = 0 ]
