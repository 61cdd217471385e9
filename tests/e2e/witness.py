"""What other programs say of hellos and certificates, in the design page's names: JA3 and JA3S are tshark's own, JA4
is made of tshark's fields by the published rules, certificates are read by `openssl x509`.
"""
import functools
import hashlib
import re
import subprocess
import tempfile

FIELDS = ["tls.handshake.ja3", "tls.handshake.ja3s", "tls.handshake.extension.type", "tls.handshake.sig_hash_alg",
          "tls.handshake.extensions_alpn_str", "tls.handshake.certificate"]
GREASE = {n << 8 | n for n in range(0x0A, 0x100, 0x10)}
JA4_VERSION = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
KEY_TYPES = {"rsaEncryption": "rsa", "rsassaPss": "rsa_pss", "id-ecPublicKey": "ec", "ED25519": "ed25519",
             "ED448": "ed448", "dsaEncryption": "dsa"}
KEY_BITS = {"ed25519": "256", "ed448": "456"}


def numbers(layers, field):
    found = (int(value, 0) for value in layers.get(field, []))
    return [n for n in found if n not in GREASE]


def listed(values):
    return ",".join(f"{n:04x}" for n in values)


def short_hash(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12


def ja4(layers):
    suites = numbers(layers, "tls.handshake.ciphersuite")
    extensions = numbers(layers, "tls.handshake.extension.type")
    versions = numbers(layers, "tls.handshake.extensions.supported_version")
    version = max(versions) if versions else int(layers["tls.handshake.version"][0], 0)
    alpn = layers.get("tls.handshake.extensions_alpn_str", ["00"])[0]
    head = (f"t{JA4_VERSION.get(version, '00')}{'d' if 0 in extensions else 'i'}{min(len(suites), 99):02}"
            f"{min(len(extensions), 99):02}{alpn[0]}{alpn[-1]}")
    rest = listed(sorted(set(extensions) - {0, 16}))
    signatures = listed(numbers(layers, "tls.handshake.sig_hash_alg"))
    return f"{head}_{short_hash(listed(sorted(suites)))}_{short_hash('_'.join(filter(None, [rest, signatures])))}"


def openssl(der, *arguments):
    return subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-nameopt", "RFC2253,-esc_msb", *arguments],
                          input=der, capture_output=True).stdout.decode()


def without_people(name):
    return re.sub(r"[^,=+;<>: ]+@", "*@", name)


@functools.cache
def certificate(hex_bytes):
    """Field behind tls.server. -> its value as text."""
    der = bytes.fromhex(hex_bytes.replace(":", ""))
    lines = dict(line.split("=", 1) for line in
                 openssl(der, "-subject", "-issuer", "-dates", "-dateopt", "iso_8601").splitlines())
    text = openssl(der, "-text")
    key = KEY_TYPES.get(re.search(r"Public Key Algorithm: (\S+)", text)[1], "other")
    bits = re.search(r"Public-Key: \((\d+) bit", text)
    alternatives = openssl(der, "-ext", "subjectAltName")
    names = re.findall(r"(?:DNS|IP Address):([^,\s]+)", alternatives)
    facts = {
        "subject": without_people(lines["subject"]),
        "issuer": without_people(lines["issuer"]),
        "not_before": lines["notBefore"].replace(" ", "T"),
        "not_after": lines["notAfter"].replace(" ", "T"),
        "key_type": key,
        "key_bits": bits[1] if bits else KEY_BITS[key],
        "signature_algorithm": re.search(r"Signature Algorithm: (\S+)", text)[1],
        "san": " ".join(names),
        "hash.sha256": hashlib.sha256(der).hexdigest(),
        "self_signed": "true" if is_self_signed(der, lines) else "false",
    }
    hashed = re.search(r"Hash Algorithm: (\w+)", text) or re.search(r"(md5|sha\d+)", facts["signature_algorithm"], re.I)
    if hashed:
        facts["signature_hash"] = hashed[1].lower()
    return {name: value for name, value in facts.items() if value}


def is_self_signed(der, lines):
    pem = subprocess.run(["openssl", "x509", "-inform", "DER"], input=der, capture_output=True).stdout
    if lines["subject"] != lines["issuer"]:
        return False
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        verify = ["openssl", "verify", "-no_check_time", "-auth_level", "0", "-check_ss_sig", "-CAfile", file.name]
        return subprocess.run([*verify, file.name], capture_output=True).returncode == 0


def note_packet(stream, layers, from_server):
    """Adds what one packet says of a TCP stream."""
    types = layers.get("tls.handshake.type", [])
    if "1" in types and "tls.handshake.ja3" in layers:
        stream.setdefault("tls.client.ja3", layers["tls.handshake.ja3"][0])
        stream.setdefault("tls.client.ja4", ja4(layers))
    if "2" in types and "tls.handshake.ja3s" in layers:
        stream["tls.server.ja3s"] = layers["tls.handshake.ja3s"][-1]  # the first may be a HelloRetryRequest's
    chain = layers.get("tls.handshake.certificate", [])
    if chain and from_server and "tls.server.subject" not in stream:
        stream["tls.server.chain_length"] = str(len(chain))
        stream.update((f"tls.server.{name}", value) for name, value in certificate(chain[0]).items())
    elif chain and not from_server and "tls.client.subject" not in stream:
        known = certificate(chain[0])
        stream.update((f"tls.client.{name}", known[name]) for name in ("subject", "issuer", "not_after", "hash.sha256"))


def is_cut(name, ours, theirs):
    """A list of names that is too long for us, and says so."""
    return name == "tls.server.san" and ours.endswith(" ...") and len(ours) > 700 and theirs.startswith(ours[:-3])


def names():
    """All fields that note_packet may fill, or leave out where there is no such thing."""
    server = ["subject", "issuer", "not_before", "not_after", "key_type", "key_bits", "signature_algorithm",
              "signature_hash", "san", "hash.sha256", "self_signed", "chain_length", "ja3s"]
    client = ["subject", "issuer", "not_after", "hash.sha256", "ja3", "ja4"]
    return [f"tls.server.{name}" for name in server] + [f"tls.client.{name}" for name in client]
