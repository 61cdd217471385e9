# What both roles of Postfix begin with; runs inside the root.
mkdir -p /var/spool/postfix
cat >/etc/postfix/main.cf <<.
compatibility_level = 3.6
maillog_file = /dev/stdout
inet_protocols = all
smtp_dns_support_level = disabled
notify_classes =
.
[ -e /etc/postfix/master.cf ] || cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
grep -q ^postlog /etc/postfix/master.cf || echo 'postlog unix-dgram n - n - 1 postlogd' >>/etc/postfix/master.cf
postconf -F '*/*/chroot=n'
