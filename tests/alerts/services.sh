# shellcheck shell=bash disable=SC2154
# Sourced by tests/alerts/run: a real syslog daemon, mail system and Alertmanager, as Debian ships them, seen only here. Their
# packages stand in a layer over /usr, /etc and /var (tests/record/lib/roots.sh), which is installed once.
RECORD=$PWD/tests/record
WORK=${TLSVANE_RECORD_DIR:-/tmp/tlsvane-record}
# shellcheck source=tests/record/lib/roots.sh
. tests/record/lib/roots.sh

# Before the network is left behind.
services_install() {
	mkdir -p "$WORK/roots"
	(
		flock 9
		install_root alerts
	) 9>"$WORK/roots/alerts.lock"
}

services_start() {
	mount -t tmpfs none /mnt && mount_layers "$WORK/roots/alerts" /mnt || return
	private_dev && syslog_start && postfix_start && alertmanager_start
}

services_stop() {
	[ -z "${alertmanager_pid:-}" ] || kill "$alertmanager_pid" 2>/dev/null
	[ -z "${syslog_pid:-}" ] || kill "$syslog_pid" 2>/dev/null
	[ ! -d /mnt/usr ] || postfix stop >/dev/null 2>&1
}

# A /dev of our own, so that /dev/log is.
private_dev() {
	mkdir "$work/dev"
	mount -t tmpfs none "$work/dev"
	cp -a /dev/null /dev/zero /dev/random /dev/urandom /dev/tty "$work/dev/"
	mount --bind "$work/dev" /dev
	umount -l "$work/dev"
}

syslog_start() {
	cat >"$work/rsyslog.conf" <<CONF
module(load="imuxsock")
template(name="line" type="string" string="<%pri%> %syslogfacility-text%.%syslogseverity-text% %syslogtag%%msg%\n")
local3.* action(type="omfile" file="$work/syslog" template="line" fileCreateMode="0644")
CONF
	rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid" &
	syslog_pid=$!
	await "the syslog daemon" test -S /dev/log
}

# Mail to anybody at example.org goes into one mbox.
postfix_start() {
	mkdir -p /var/mail/all
	chown 65534:65534 /var/mail/all
	cat >/etc/postfix/main.cf <<CONF
compatibility_level = 3.6
myhostname = alerts.example.net
inet_interfaces = loopback-only
mydestination =
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = /var/mail/all
virtual_mailbox_maps = static:mbox
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
maillog_file = /var/log/postfix.log
CONF
	sed -n 's/^#postlog/postlog/p; /^[^#]/p' /usr/share/postfix/master.cf.dist >/etc/postfix/master.cf
	postfix start >"$work/postfix" 2>&1
	await "Postfix" postfix status
}

alertmanager_start() {
	printf 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' >"$work/alertmanager.yml"
	prometheus-alertmanager --config.file="$work/alertmanager.yml" --storage.path="$work/alertmanager" \
		--web.listen-address=127.0.0.1:9093 --cluster.listen-address= 2>"$work/alertmanager.log" &
	alertmanager_pid=$!
	await "the Alertmanager" alertmanager_asked
}

alertmanager_asked() { python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:9093/api/v2/alerts").read().decode())'; }

# Waits for a condition; says what is missing when it does not come true.
await() { # WHAT COMMAND...
	local what=$1
	shift
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "tests/alerts/run: $what does not start" >&2
	return 1
}
