# Inside a scenario's namespaces: the wires with their mirrors, the sensor, and the comparison at the end.

run_inside() {  # NAME
    export NAME=$1 RUN=$work/$1.run LOGS=$work/$1.run/logs PEER_SECONDS=$((120 + ROUNDS * 30)) WAIT_SECONDS=60
    mkdir -p "$LOGS"
    chmod a+rx "$work"
    chmod -R a+rwX "$RUN"
    mount -t tmpfs tmpfs /run
    mkdir -p /run/netns
    recording=off    # nothing of net.sh records here
    "$NAME"
}

# wire_span CLIENT SERVER: a switch in the kernel (a bridge) between the two; what its ports take in is mirrored to its
# port span (tc mirred), as a SPAN port does; the sensor listens at the other end of it, monitor.
wire_span() {
    local end
    meet "$1" "$2"
    new_net client
    new_net switch
    new_net server
    ip link add eth0 netns client type veth peer name client netns switch
    ip link add eth0 netns server type veth peer name server netns switch
    ip -n switch link add name bridge type bridge
    port_up client eth0 10
    port_up server eth0 25
    silent_up client server bridge
    for end in client server; do
        ip -n switch link set $end master bridge
        tc -n switch qdisc add dev $end clsact
    done
    span_up
    give_addresses client eth0 $client_ip $client_ip6
    give_addresses server eth0 $server_ip $server_ip6
}

# The mirror port, and all that is mirrored to it.
span_up() {
    ip -n switch link add span mtu 1700 type veth peer name monitor mtu 1700
    silent_up span monitor
    mirror_to span client
    mirror_to span server
}

# A second mirror port, for what comes from the server: a tap's two ports, a direction each.
second_span_up() {
    ip -n switch link add span2 mtu 1700 type veth peer name monitor2 mtu 1700
    silent_up span2 monitor2
    mirror_to span2 server
}

# Devices that say nothing of their own.
silent_up() {  # DEVICE...
    local device
    for device; do
        in_net switch sysctl -qw "net.ipv6.conf.$device.disable_ipv6=1"
        ip -n switch link set "$device" up
    done
}

mirror_to() {  # DEVICE PORT
    tc -n switch filter replace dev "$2" ingress pref 1 handle 800::800 protocol all u32 match u32 0 0 \
        action mirred egress mirror dev "$1"
}

# The devices that carry a mirror to a sensor elsewhere, as ip makes them on top of span.
device() {  # KIND
    case $1 in
    vlan) echo 'link span type vlan id 7' ;;
    gretap) echo 'type gretap local 198.51.100.1 remote 198.51.100.2 nopmtudisc ignore-df' ;;
    vxlan) echo 'type vxlan id 7 local 198.51.100.1 remote 198.51.100.2 dstport 4789' ;;
    geneve) echo 'type geneve id 7 remote 198.51.100.2' ;;
    esac
}

# wire_remote CLIENT SERVER KIND: as wire_span, through such a device. Where the kernel has none of this kind, the switch
# in user space (tests/record/peers/switch) carries the mirror so.
wire_remote() {
    local -A elsewhere=([vlan]='--vlan 7' [gretap]='--tunnel gre' [vxlan]='--tunnel vxlan' [geneve]='--tunnel geneve')
    wire_span "$1" "$2"
    # The sensor's end answers no ARP: it only listens.
    ip -n switch addr add 198.51.100.1/24 dev span
    ip -n switch neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev span
    # shellcheck disable=SC2046
    if ip -n switch link add name remote $(device "$3") 2>>"$LOGS/device"; then
        silent_up remote
        ip -n switch link set remote mtu 1600
        mirror_to remote client
        mirror_to remote server
        carrier="$3 of the kernel"
    else
        ip netns del client
        ip netns del switch
        ip netns del server
        # shellcheck disable=SC2086
        wire_mirror "$1" "$2" ${elsewhere[$3]}
        ip -n switch link set monitor mtu 1700
        ip -n switch link set span mtu 1700
        carrier="$3 in user space"
    fi
}

# ---- Redis and the sensor ----

redis_up() {
    redis-server --port 0 --unixsocket "$RUN/redis" --unixsocketperm 777 --dir "$RUN" --appendonly yes --save '' >>"$LOGS/redis" 2>&1 &
    redis_pid=$!
    wait_for redis-cli -s "$RUN/redis" ping >>"$LOGS/ping" 2>&1
}

redis_down() {
    kill $redis_pid
    wait $redis_pid || true
}

# Returns when it captures: the service manager is told so.
sensor_up() {  # OPTION...
    /usr/bin/python3 "$LIVE/ready.py" "$RUN/ready" 2>"$LOGS/ready" &
    wait_for test -e "$RUN/ready"
    NOTIFY_SOCKET=$RUN/ready nsenter --net=/run/netns/switch "$BIN/tlsvane-sensor" -i monitor --redis "unix:$RUN/redis" \
        --name live --spool "$RUN/spool" --json "$RUN/json" "$@" 2>"$LOGS/sensor" &
    sensor_pid=$!
    wait_for test ! -e "$RUN/ready"
}

# The Nth of the sensor's processes is killed, and another has taken its place.
kill_child() {  # N
    local children
    mapfile -t children < <(pgrep -P $sensor_pid)
    kill -KILL "${children[$1 % ${#children[@]}]}"
    wait_for child_replaced ${#children[@]} "${children[$1 % ${#children[@]}]}"
}

child_replaced() {  # COUNT DEAD
    [ ! -d "/proc/$2" ] && [ "$(pgrep -c -P $sensor_pid)" = "$1" ]
}

# begin SERVER [OPTION...]: all is there but the mail. SENSOR: options of the sensor.
begin() {
    redis_up
    # shellcheck disable=SC2086
    sensor_up ${SENSOR:-}
    server "$@"
}

# ---- Mail ----

# Everybody mails to the server, each as often as there are rounds: in the clear, and with the versions that it has.
mail() {  # VERSION...
    local round version
    for ((round = 0; round < ROUNDS; round++)); do
        MAILS=2 client postfix
        client exim
        client exim hosts_avoid_tls='*'
        client swaks --tls
        client swaks
        for version; do
            client openssl "-$version" -cipher ALL:@SECLEVEL=0
        done
        client gnutls
    done
}

# Some of them at once.
mail_at_once() {
    local round clients
    for ((round = 0; round < ROUNDS; round++)); do
        clients=()
        client swaks --tls & clients+=($!)
        client swaks & clients+=($!)
        client openssl -tls1_2 & clients+=($!)
        client openssl -tls1_3 & clients+=($!)
        client exim & clients+=($!)
        wait "${clients[@]}"
    done
}

# ---- What must be ----

sessions_are() {  # COUNT
    [ "$("$BIN/tlsvane" pairs --json --redis "unix:$RUN/redis" 2>>"$LOGS/tlsvane" |
        /usr/bin/python3 "$LIVE/counts.py" sum)" -ge "$1" ]
}

logged() { /usr/bin/python3 "$LIVE/counts.py" log "$server_ip" "$LOGS"/server*; }
logged_sum() { logged | awk '{ n += $NF } END { print n + 0 }'; }

# The server's log against Redis, pair by pair.
counts_agree() {
    local expected got sum
    wait_for all_closed
    expected=$(logged)
    sum=$(logged_sum)
    wait_for sessions_are "$sum" || true
    got=$("$BIN/tlsvane" pairs --json --redis "unix:$RUN/redis" | /usr/bin/python3 "$LIVE/counts.py" pairs)
    if [ "$expected" = "$got" ] && [ "$sum" -ge "${1:-1}" ]; then
        echo "ok $NAME: $sum sessions as the server logged them${carrier:+ ($carrier)}"
    else
        printf 'not ok %s: the server logged\n%s\nthe sensor counted\n%s\n' "$NAME" "$expected" "$got"
        tail -n 5 "$LOGS/sensor"
    fi
}

# The sensor ends, and told Redis of no loss.
sensor_lost_nothing() {
    local lost='' number value
    kill -TERM $sensor_pid
    wait $sensor_pid
    for number in dropped_kernel dropped_interface flows_evicted records_lost gap_bytes; do
        value=$(redis-cli -s "$RUN/redis" hget tlsvane:sensor:live $number)
        [ "$value" = 0 ] || lost+=" $number=$value"
    done
    if [ -z "$lost" ]; then echo "ok $NAME: nothing lost"; else echo "not ok $NAME:$lost"; fi
}

# What it says of itself in Redis.
sensor_number() {  # NAME
    redis-cli -s "$RUN/redis" hget tlsvane:sensor:live "$1"
}

# Whether it has the kernel drop packets.
sensor_shunts() {
    "$BIN/tlsvane-sensor" --help | grep -q 'is built in' && ! sensor_said 'takes no filter' 1
}

sensor_said() {  # WORDS TIMES
    [ "$(grep -cF -- "$1" "$LOGS/sensor")" -ge "$2" ]
}
