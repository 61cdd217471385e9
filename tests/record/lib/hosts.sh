# Inside a root: the names of the two hosts, and an OpenSSL that still allows
# everything it has, between the versions in OPENSSL_RANGE.
cat >/etc/hosts <<.
127.0.0.1 localhost
$client_ip $client_name
$server_ip $server_name
$client_ip6 $client_name
$server_ip6 $server_name
.
echo 'hosts: files' >/etc/nsswitch.conf
sed -i '1i passwd: files\ngroup: files\nservices: files\nprotocols: files' /etc/nsswitch.conf
: >/etc/resolv.conf

range=(${OPENSSL_RANGE:-TLSv1 TLSv1.3})
cat >/etc/ssl/openssl.cnf <<.
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = policy
[policy]
MinProtocol = ${range[0]}
MaxProtocol = ${range[1]}
CipherString = DEFAULT@SECLEVEL=0
.
