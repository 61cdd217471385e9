# The scenarios: a wire, a server, everybody's mail, and the comparison.

span() {
    wire_span postfix postfix
    begin postfix
    mail tls1 tls1_1 tls1_2 tls1_3
    counts_agree $((ROUNDS * 11))
    sensor_lost_nothing
}

ipv6() {
    wire_span postfix postfix
    begin postfix
    for ((round = 0; round < ROUNDS; round++)); do
        ADDRESS=$server_ip6 MAILS=2 client postfix
        ADDRESS=$server_ip6 client openssl -tls1 -cipher ALL:@SECLEVEL=0
        ADDRESS=$server_ip6 client openssl -tls1_3
    done
    server_ip=$server_ip6 counts_agree $((ROUNDS * 4))
    sensor_lost_nothing
}

vlan() {
    wire_remote postfix exim vlan
    begin exim 'smtp_enforce_sync = false' 'hosts_require_helo ='
    mail tls1_2 tls1_3
    counts_agree $((ROUNDS * 9))
    sensor_lost_nothing
}

vlan-in-vlan() {
    wire_mirror postfix exim --vlan 7 --vlan 120
    begin exim 'smtp_enforce_sync = false' 'hosts_require_helo ='
    mail_at_once
    counts_agree $((ROUNDS * 5))
    sensor_lost_nothing
}

gre() {
    wire_remote postfix postfix gretap
    begin postfix
    mail_at_once
    counts_agree $((ROUNDS * 5))
    sensor_lost_nothing
}

erspan() {
    wire_mirror postfix postfix --tunnel erspan
    begin postfix
    mail_at_once
    counts_agree $((ROUNDS * 5))
    sensor_lost_nothing
}

vxlan() {
    wire_remote postfix postfix vxlan
    begin postfix
    mail tls1_1 tls1_3
    counts_agree $((ROUNDS * 9))
    sensor_lost_nothing
}

geneve() {
    wire_remote postfix exim geneve
    begin exim 'smtp_enforce_sync = false' 'hosts_require_helo ='
    mail_at_once
    counts_agree $((ROUNDS * 5))
    sensor_lost_nothing
}

# A bad line, and a switch that mirrors some frames twice: what was sent again is seen again, nothing is missing.
loss-reordering-duplication() {
    wire_mirror postfix postfix --lose 9 --swap 5 --double 7
    begin postfix
    mail_at_once
    counts_agree $((ROUNDS * 5))
    sensor_lost_nothing
}

redis-comes-and-goes() {
    wire_span postfix postfix
    begin postfix
    mail_at_once
    redis_down
    mail_at_once
    redis_up
    mail_at_once
    counts_agree $((ROUNDS * 15))
    sensor_lost_nothing
}

# Down and up again, then gone and made anew. What is mailed meanwhile is not seen, and so nothing is.
interface-comes-and-goes() {
    wire_span postfix postfix
    begin postfix
    mail_at_once
    wait_for all_closed
    ip -n switch link set monitor down
    wait_for sensor_said 'monitor: has no link' 1
    ip -n switch link set monitor up
    wait_for sensor_said 'monitor: is back' 1
    mail_at_once
    wait_for all_closed
    ip -n switch link del span
    wait_for sensor_said 'The interface disappeared' 1
    span_up
    wait_for sensor_said 'monitor: is back' 2
    mail_at_once
    counts_agree $((ROUNDS * 15))
}

# Whatever process dies while nothing is under way, nothing is missing: what was counted stays so, what comes is seen.
processes-are-killed() {
    local victim
    wire_span postfix postfix
    SENSOR='--workers 2' begin postfix
    for victim in 0 1 2 3; do
        mail_at_once
        wait_for all_closed
        wait_for sessions_are "$(logged_sum)"
        kill_child $victim
    done
    mail_at_once
    counts_agree $((ROUNDS * 25))
}
