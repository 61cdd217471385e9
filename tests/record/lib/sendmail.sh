# What both roles of Sendmail begin with; runs inside the root.
build_configuration() {  # MC-LINES
    cat >/etc/mail/record.mc <<.
include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(\`debian')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
define(\`confSERVICE_SWITCH_FILE', \`/etc/mail/service.switch-nodns')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`confCACERT_PATH', \`/etc/ssl/certs')dnl
define(\`confCACERT', \`/etc/mail/ca.pem')dnl
define(\`confDONT_BLAME_SENDMAIL', \`GroupReadableKeyFile,GroupWritableDirPathSafe')dnl
$1
MAILER(\`local')dnl
MAILER(\`smtp')dnl
.
    install -m 644 "$PKI/ca.pem" /etc/mail/ca.pem
    m4 /etc/mail/record.mc >/etc/mail/sendmail.cf
    install -d -o root -g root -m 700 /var/spool/mqueue /var/lib/sendmail/host_status
    cp /etc/mail/sendmail.cf /etc/mail/submit.cf
}
