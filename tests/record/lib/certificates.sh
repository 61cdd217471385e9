# The keys and certificates of the peers, made once per work directory:
# a CA, and for mx.example.net (server) and mail.example.org (client) one of
# RSA 2048 and one of ECDSA P-256, which all hosts share. Nobody else trusts or keeps them.
# Then what is wrong or rare in a certificate, a kind each; and primes for DHE.

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

# NAMES: those of subjectAltName, else the host's.
make_certificate() {  # HOST KIND NEWKEY-OPTIONS
    local file=$PKI/$1-$2
    openssl req "${@:3}" -nodes -subj "/CN=$1" -keyout "$file.key" -out "$file.csr" 2>/dev/null
    openssl x509 -req -in "$file.csr" -CA "$PKI/ca.pem" -CAkey "$PKI/ca.key" -days 3650 \
        -extfile <(echo "subjectAltName=${NAMES:-DNS:$1}") -out "$file.pem" 2>/dev/null
    chmod a+r "$file.key"
}

make_odd_certificates() {
    [ -e "$PKI/odd" ] && return
    make_certificate mx.example.net ed25519 -newkey ed25519
    make_certificate mx.example.net rsa-pss -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048
    NAMES='DNS:www.example.org,DNS:*.example.com' make_certificate mx.example.net other-name -newkey rsa:2048
    NAMES=$(printf 'DNS:host%d.example.net,' {1..60})DNS:mx.example.net \
        make_certificate mx.example.net many-names -newkey ec -pkeyopt ec_paramgen_curve:P-384
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -utf8 -keyout "$PKI/mx.example.net-self-signed.key" \
        -subj '/C=DE/O=Müller & Söhne/CN=mx.example.net/emailAddress=jane.doe@example.net' \
        -out "$PKI/mx.example.net-self-signed.pem" 2>/dev/null
    openssl req -x509 -newkey rsa:1024 -nodes -days 3650 -sha1 -subj '/CN=mx.example.net' \
        -keyout "$PKI/mx.example.net-sha1.key" -out "$PKI/mx.example.net-sha1.pem" 2>/dev/null
    make_expired_certificate mx.example.net
    make_primes
    chmod -R a+rX "$PKI"
    touch "$PKI/odd"
}

# Only `openssl ca` takes dates.
make_expired_certificate() {  # HOST
    local file=$PKI/$1-expired
    make_certificate "$1" expired -newkey rsa:2048
    mkdir -p "$PKI/issued"
    : >"$PKI/index"
    openssl ca -batch -config <(printf '%s\n' '[ca]' 'default_ca=c' '[c]' "database=$PKI/index" "new_certs_dir=$PKI/issued" \
        'default_md=sha256' 'rand_serial=yes' 'policy=p' 'x509_extensions=x' '[p]' 'commonName=supplied' \
        '[x]' "subjectAltName=DNS:$1") -in "$file.csr" -cert "$PKI/ca.pem" -keyfile "$PKI/ca.key" -notext \
        -startdate 20250301000000Z -enddate 20250530120000Z -out "$file.pem" 2>/dev/null
}

make_primes() {
    local bits
    for bits in 512 1024; do
        openssl dhparam -out "$PKI/dh-$bits.pem" $bits 2>/dev/null
    done
    openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe4096 -out "$PKI/dh-4096.pem" 2>/dev/null
}
