# The wire: two network namespaces, client and server, and a tcpdump beside them.
#
# All of it lives in the private network, mount and process namespaces that
# tests/record/record gives each scenario, so the kernel clears it away.

# meet CLIENT SERVER: these two hosts of lib/addresses are the ones on the wire.
meet() {
    local role host number name
    while read -r role host number name; do
        case $role-$host in
        "client-$1") export client_ip=192.0.2.$number client_ip6=2001:db8::$number client_name=$name ;;
        "server-$2") export server_ip=192.0.2.$number server_ip6=2001:db8::$number server_name=$name ;;
        esac
    done <"$RECORD/lib/addresses"
}

# VLAN tags hide what follows from the kernel's filter, hence the repetition; later fragments have no port.
mail='tcp port 25 or (ip[6:2] & 0x1fff != 0)'
mail_filter="$mail or (vlan and ($mail or (vlan and ($mail))))"

in_net() {  # NAMESPACE CMD...
    nsenter --net="/run/netns/$1" "${@:2}"
}

new_net() {  # NAMESPACE
    ip netns add "$1"
    in_net "$1" sysctl -qw net.ipv4.tcp_timestamps=0 net.ipv6.conf.all.router_solicitations=0
    ip -n "$1" link set lo up
}

# Offloads off: frames of the size and with the checksums of a real wire.
port_up() {  # NAMESPACE DEVICE LAST-BYTE
    ip -n "$1" link set "$2" address "02:00:00:00:00:$3"
    in_net "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
    ip -n "$1" link set "$2" up
}

give_addresses() {  # NAMESPACE DEVICE IPV4 IPV6
    ip -n "$1" addr add "$3/24" dev "$2"
    ip -n "$1" addr add "$4/64" dev "$2" nodad
}

# wire CLIENT SERVER: a cable from client to server, recorded at the server.
wire() {
    meet "$@"
    new_net client
    new_net server
    ip link add eth0 netns client type veth peer name eth0 netns server
    port_up client eth0 10
    port_up server eth0 25
    give_addresses client eth0 $client_ip $client_ip6
    give_addresses server eth0 $server_ip $server_ip6
    start_recording server -i eth0
}

# wire_small_segments CLIENT SERVER MSS: as wire, but both sides cut TCP segments to MSS bytes.
wire_small_segments() {
    wire "$1" "$2"
    ip -n client route change 192.0.2.0/24 dev eth0 advmss "$3"
    ip -n server route change 192.0.2.0/24 dev eth0 advmss "$3"
}

# wire_loopback CLIENT SERVER: both peers are one host and talk over lo.
wire_loopback() {
    meet "$@"
    new_net client
    ln -s client /run/netns/server
    ip -n client addr add $client_ip/32 dev lo
    ip -n client addr add $server_ip/32 dev lo
    start_recording client -i lo
}

# wire_any CLIENT SERVER LINKTYPE: as wire, recorded on all devices at once (LINUX_SLL, LINUX_SLL2).
wire_any() {
    wire_unrecorded "$1" "$2"
    local mail_filter=$mail    # here libpcap knows no vlan
    start_recording server -i any -y "$3"
}

wire_unrecorded() {
    local recording=off
    wire "$@"
}

# wire_fragments CLIENT SERVER: a router between the two, and a link behind it whose MTU
# is 576; path MTU discovery is off, so the router cuts the server's packets.
wire_fragments() {
    meet "$@"
    new_net client
    new_net router
    new_net server
    ip link add eth0 netns client type veth peer name eth0 netns router
    ip link add eth0 netns server type veth peer name eth1 netns router
    port_up client eth0 10
    port_up router eth0 01
    port_up router eth1 02
    port_up server eth0 25
    ip -n client addr add $client_ip/32 dev eth0
    ip -n server addr add $server_ip/32 dev eth0
    ip -n router addr add 192.0.2.1/32 dev lo
    ip -n router route add $client_ip dev eth0
    ip -n router route add $server_ip dev eth1
    local end
    for end in client server; do
        ip -n $end route add 192.0.2.1 dev eth0
        ip -n $end route add default via 192.0.2.1
        in_net $end sysctl -qw net.ipv4.ip_no_pmtu_disc=1
    done
    in_net router sysctl -qw net.ipv4.ip_forward=1
    ip -n router link set eth0 mtu 576
    start_recording client -i eth0
}

# wire_mirror CLIENT SERVER OPTION...: a switch in user space between the two (peers/switch),
# whose mirror port is recorded; it tags, reorders, doubles and drops frames.
wire_mirror() {
    local end
    meet "$1" "$2"
    new_net client
    new_net switch
    new_net server
    ip link add eth0 netns client type veth peer name client netns switch
    ip link add eth0 netns server type veth peer name server netns switch
    ip -n switch link add span type veth peer name monitor
    port_up client eth0 10
    port_up server eth0 25
    for end in client server span monitor; do
        in_net switch sysctl -qw net.ipv6.conf.$end.disable_ipv6=1
        ip -n switch link set $end up
    done
    give_addresses client eth0 $client_ip $client_ip6
    give_addresses server eth0 $server_ip $server_ip6
    start_recording switch -i monitor -Q in
    in_net switch /usr/bin/python3 "$RECORD/peers/switch" "${@:3}" 2>"$LOGS/switch" &
}

# Keep this recording as pcapng.
as_pcapng() {
    touch "$RUN/pcapng"
}

# Returns when tcpdump is listening, so that no first packet is lost.
start_recording() {  # NAMESPACE TCPDUMP-OPTIONS
    [ "${recording:-on}" = on ] || return 0
    nsenter --net="/run/netns/$1" \
        tcpdump -U --immediate-mode -s 0 -Z root -w "$RUN/pcap" "${@:2}" "$mail_filter" 2>"$LOGS/tcpdump" &
    tcpdump_pid=$!
    wait_for grep -qs "listening on" "$LOGS/tcpdump"
}

# Ends it once no connection is open at either side.
stop_recording() {
    wait_for all_closed
    sleep 0.3
    kill -TERM "$tcpdump_pid"
    wait "$tcpdump_pid" || true
}

all_closed() {
    ! { in_net client ss -tnH; in_net server ss -tnH; } | grep -v TIME-WAIT | grep -q ":${PORT:-25}\b"
}

listening() {  # NAMESPACE PORT
    in_net "$1" ss -tlnH "sport = :$2" | grep -q .
}

# Tries CMD for ten seconds, or WAIT_SECONDS.
wait_for() {  # CMD...
    local try
    for ((try = 0; try < ${WAIT_SECONDS:-10} * 20; try++)); do
        "$@" && return
        sleep 0.05
    done
    echo "gave up waiting for: $*" >&2
    return 1
}
