# The keys and certificates of the peers, made once per work directory:
# a CA, and for mx.example.net (server) and mail.example.org (client) one of
# RSA 2048 and one of ECDSA P-256, which all hosts share. Nobody else trusts or keeps them.

make_certificates() {
    PKI=$WORK/certificates
    [ -e "$PKI/ready" ] && return
    rm -rf "$PKI"
    mkdir -p "$PKI"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj '/CN=ca.example.net' -keyout "$PKI/ca.key" -out "$PKI/ca.pem" 2>/dev/null
    local host
    for host in mx.example.net mail.example.org; do
        make_certificate "$host" rsa -newkey rsa:2048
        make_certificate "$host" ecdsa -newkey ec -pkeyopt ec_paramgen_curve:P-256
    done
    chmod -R a+rX "$PKI"
    touch "$PKI/ready"
}

make_certificate() {  # HOST KIND NEWKEY-OPTIONS
    local file=$PKI/$1-$2
    openssl req "${@:3}" -nodes -subj "/CN=$1" -keyout "$file.key" -out "$file.csr" 2>/dev/null
    openssl x509 -req -in "$file.csr" -CA "$PKI/ca.pem" -CAkey "$PKI/ca.key" -days 3650 \
        -extfile <(echo "subjectAltName=DNS:$1") -out "$file.pem" 2>/dev/null
    chmod a+r "$file.key"
}
