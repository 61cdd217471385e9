# Mail servers and clients: each in its root, its network namespace and with its host name.

# server PEER [OPTION...]: starts peers/PEER-server and returns when it listens.
# client PEER [OPTION...]: runs peers/PEER-client to its end; how it ends does not matter.
# What an OPTION is, each peer's file says. OPENSSL_RANGE="MIN MAX" in front
# bounds the versions of a peer that uses OpenSSL, ADDRESS=... says where to connect
# (else the server's IPv4 address); PEER_SECONDS ends a peer that still runs then. A peer also knows client_name, server_name and so on (lib/net.sh).
server() {  # PEER OPTION...
    at server "$@" >>"$LOGS/server" 2>&1 </dev/null &
    wait_for listening server "${PORT:-25}"
}

client() {  # PEER OPTION...
    ADDRESS=${ADDRESS:-$server_ip} at client "$@" >>"$LOGS/client" 2>&1 </dev/null || true
}

# at SIDE PEER OPTION...: writes land in a scratch layer that dies with the peer.
at() {
    local side=$1 peer=$2 name=$1_name root
    shift 2
    [ -d "$WORK/roots/$peer" ] && root=$peer || root=tools
    export SIDE=$side
    # shellcheck disable=SC2016
    timeout "${PEER_SECONDS:-60}" nsenter --net="/run/netns/$side" unshare --mount --uts bash -euc '
        source "$RECORD/lib/roots.sh"
        hostname "$1"
        mount -t tmpfs tmpfs /mnt
        mount_layers "$2" /mnt
        mount -t tmpfs tmpfs /run
        mkdir /run/lock
        source "$RECORD/lib/hosts.sh"
        exec "${@:3}"
    ' bash "${!name}" "$WORK/roots/$root" "$RECORD/peers/$peer-$side" "$@"
}

# said SIDE PATTERN: the peer's own log must agree, or the recording has failed.
said() {  # SIDE EXTENDED-REGEX
    wait_for matches "$@" || {
        echo "$NAME: the $1 never said: $2" >&2
        tail -qn 30 "$LOGS/$1"* >&2
        return 1
    }
}

matches() {  # SIDE EXTENDED-REGEX
    grep -qsE -- "$2" "$LOGS/$1"*
}
