# The facts of a capture: what is true because of how the peers were set up.
# A block for each connection, in order of its first packet.

declare -A block=()

about() {  # SENTENCE
    echo "# $1" >"$RUN/facts"
}

# connection OUTCOME [FACT...]: begins the next block.
connection() {
    end_block
    fact client.ip=$client_ip server.ip=$server_ip tlsvane.outcome="$1" "${@:2}"
}

# tls VERSION CIPHER [FACT...]: begins the block of a STARTTLS that went well. That
# a server can do TLS 1.3 and says so by its sentinel is the rule here.
tls() {
    connection tls tls.version="$1" tls.cipher="$2" tls.version_protocol=tls tls.established=true tls.resumed=false \
        tlsvane.legacy_side=none smtp.plaintext_mail=false
    starttls 220
    [ "$1" != 1.2 ] || fact tls.server.downgrade_sentinel=1.2
    fact "${@:3}"
}

# starttls REPLY: was offered, asked for and answered.
starttls() {
    fact smtp.starttls.offered=true smtp.starttls.requested=true smtp.starttls.reply="$1"
}

# alert SIDE CODE DESCRIPTION: the fatal alert in the clear.
alert() {
    fact tls.alert.side="$1" tls.alert.level=fatal tls.alert.code="$2" tls.alert.description="$3"
}

# fact NAME=VALUE...: adds to the block; a later value replaces an earlier one,
# and no value takes the fact away.
fact() {
    local one
    for one; do
        block[${one%%=*}]=${one#*=}
    done
}

end_block() {
    [ ${#block[@]} = 0 ] && return
    local name
    echo >>"$RUN/facts"
    for name in "${!block[@]}"; do
        [ -z "${block[$name]}" ] || echo "$name=${block[$name]}"
    done | LC_ALL=C sort >>"$RUN/facts"
    block=()
}
