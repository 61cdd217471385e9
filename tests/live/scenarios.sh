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

# A port that nobody told of, seen by a tap of two ports; what else speaks there is no mail. Sessions that pause behind
# their handshake are shunted, where that is built in.
any-port() {
    local round
    export PORT=10027
    wire_span postfix postfix
    second_span_up
    SENSOR='-i monitor2 --any-port' begin postfix
    in_net server /usr/bin/python3 -m http.server --directory "$RUN/logs" --bind $server_ip 8080 >"$LOGS/http" 2>&1 &
    wait_for listening server 8080
    for ((round = 0; round < ROUNDS; round++)); do
        MAILS=2 client postfix
        client swaks
        client swaks --tls
        client openssl -tls1 -cipher ALL:@SECLEVEL=0
        client openssl -tls1_3
        client exim
        in_net client /usr/bin/python3 -c "import urllib.request; urllib.request.urlopen('http://$server_ip:8080/').read()"
    done
    for ((round = 0; round < 10; round++)); do
        PAUSE=1 client openssl -tls1_2
        ! sensor_shunts || [ "$(sensor_number shunted_packets)" -gt 0 ] || continue
        break
    done
    counts_agree $((ROUNDS * 7))
    if [ "$(grep -c "\"port\":$PORT" "$RUN/json")" = "$(logged_sum)" ] && ! grep -q '"port":8080' "$RUN/json"; then
        echo "ok $NAME: all on port $PORT"
    else
        echo "not ok $NAME: not all on port $PORT, of $(logged_sum):" "$(grep -o '"port":[0-9]*' "$RUN/json" | sort | uniq -c)"
    fi
    if ! sensor_shunts; then
        echo "skip $NAME: no shunting here"
    elif [ "$(sensor_number shunted_packets)" -gt 0 ]; then
        echo "ok $NAME: packets are shunted"
    else
        echo "not ok $NAME: nothing was shunted"
    fi
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
