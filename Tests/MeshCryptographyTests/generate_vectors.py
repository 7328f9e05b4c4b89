#!/usr/bin/env python3
"""Makes the test vectors that no publication has, with other code than the package's own.

Writes Vectors/generated-cases.json (cases of the published schema, for forms that no published case covers),
Vectors/primitives.json (ciphers, derivation functions, signatures, agreement) and Vectors/key-sums.json (sums of keys).
Needs the Python package `cryptography`; everything that package lacks (UDF, DER, the Mesh's derivation, curve arithmetic) is
written out here in plain integers.
The output is the same in every run.
"""

import base64
import hashlib
import hmac
import json
import os

from cryptography.hazmat.primitives import hashes, keywrap, padding
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, x448, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Vectors")


def rnd(label, count):
    """Octets that look random and are the same in every run."""
    return hashlib.shake_256(b"mesh-platform test vectors: " + label.encode()).digest(count)


def raw(public):
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def base32(octets, bits=None):
    text = base64.b32encode(octets).decode().rstrip("=")
    if bits is not None:
        text = text[: (bits + 4) // 5]
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def unbase32(text):
    text = text.replace("-", "").upper()
    bits = "".join(format("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".index(c), "05b") for c in text)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) // 8 * 8, 8))


def level(digest):
    number = int.from_bytes(digest, "big")
    zeros = (number & -number).bit_length() - 1 if number else 8 * len(digest)
    return 0 if zeros < 20 else min(zeros // 10 - 1, 4)


def content(data, content_type, hash_name="sha512"):
    first = hashlib.new(hash_name, data).digest()
    typed = hashlib.new(hash_name, content_type.encode() + b":" + first).digest()
    return bytes([(96 if hash_name == "sha512" else 80) + level(typed)]) + typed


def tlv(tag, value):
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + value


OID = {"X25519": "2b656e", "X448": "2b656f", "Ed25519": "2b6570", "Ed448": "2b6571"}


def key_info(algorithm, public, form="draft"):
    oid = tlv(6, bytes.fromhex(OID[algorithm if form == "draft" else "Ed25519"]))
    identifier = tlv(0x30, oid + (tlv(5, b"") if form == "draft" else b""))
    return tlv(0x30, identifier + tlv(3, b"\0" + tlv(4, public)))


def mac(key, data):
    return hmac.new(key, data, hashlib.sha512).digest()


def expand(prk, info, count):
    result, block, counter = b"", b"", 1
    while len(result) < count:
        block = mac(prk, block + info + bytes([counter]))
        result += block
        counter += 1
    return result[:count]


# Curves in affine coordinates, slow and plain.

P448 = 2**448 - 2**224 - 1
D448 = -39081
L448 = 2**446 - 0x8335DC163BB124B65129C96FDE933D8D723A70AADC873D6D54A7BB0D
B448 = (
    224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710,
    298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660,
)


def ed448_add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D448 * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P448) % P448
    y = (y1 * y2 - x1 * x2) * pow(1 - k, -1, P448) % P448
    return x, y


def ed448_multiply(scalar, point=B448):
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = ed448_add(result, point)
        point = ed448_add(point, point)
        scalar >>= 1
    return result


def ed448_encode(point):
    x, y = point
    return y.to_bytes(56, "little") + bytes([(x & 1) << 7])


def ed448_expand(seed):
    h = bytearray(hashlib.shake_256(seed).digest(114))
    h[0] &= 0xFC
    h[55] |= 0x80
    h[56] = 0
    return int.from_bytes(h[:57], "little"), bytes(h[57:])


def ed448_sign(seed, message, context=b""):
    return ed448_sign_expanded(*ed448_expand(seed), message, context)


def ed448_sign_expanded(scalar, prefix, message, context=b""):
    public = ed448_encode(ed448_multiply(scalar))
    dom = b"SigEd448" + bytes([0, len(context)]) + context
    r = int.from_bytes(hashlib.shake_256(dom + prefix + message).digest(114), "little") % L448
    big_r = ed448_encode(ed448_multiply(r))
    k = int.from_bytes(hashlib.shake_256(dom + big_r + public + message).digest(114), "little") % L448
    return public, big_r + ((r + k * scalar) % L448).to_bytes(57, "little")


P255 = 2**255 - 19
L255 = 2**252 + 27742317777372353535851937790883648493
D255 = -121665 * pow(121666, -1, P255) % P255
BY = 4 * pow(5, -1, P255) % P255


def ed25519_x(y, sign):
    xx = (y * y - 1) * pow(D255 * y * y + 1, -1, P255)
    x = pow(xx, (P255 + 3) // 8, P255)
    if (x * x - xx) % P255:
        x = x * pow(2, (P255 - 1) // 4, P255) % P255
    return P255 - x if x & 1 != sign else x


def ed25519_add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D255 * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P255) % P255
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, P255) % P255
    return x, y


def ed25519_multiply(scalar, point=None):
    point = point or (ed25519_x(BY, 0), BY)
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = ed25519_add(result, point)
        point = ed25519_add(point, point)
        scalar >>= 1
    return result


def ed25519_encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def ed25519_expand(seed):
    h = bytearray(hashlib.sha512(seed).digest())
    h[0] &= 0xF8
    h[31] = h[31] & 0x7F | 0x40
    return int.from_bytes(h[:32], "little"), bytes(h[32:])


def ed25519_sign(seed, message, context=None):
    scalar, prefix = ed25519_expand(seed)
    public = ed25519_encode(ed25519_multiply(scalar))
    dom = b""
    if context is not None:
        dom = b"SigEd25519 no Ed25519 collisions" + bytes([0, len(context)]) + context
    r = int.from_bytes(hashlib.sha512(dom + prefix + message).digest(), "little") % L255
    big_r = ed25519_encode(ed25519_multiply(r))
    k = int.from_bytes(hashlib.sha512(dom + big_r + public + message).digest(), "little") % L255
    return public, big_r + ((r + k * scalar) % L255).to_bytes(32, "little")


MONTGOMERY = {
    "X448": (
        P448,
        156326,
        5,
        355293926785568175264127502063783334808976399387714271831880898435169088786967410002932673765864550910142774147268105838985595290606362,
        56,
    ),
    "X25519": (
        P255,
        486662,
        9,
        14781619447589544791020593568409986887264606134616475288964881837755586237401,
        32,
    ),
}


def montgomery_add(algorithm, left, right):
    p, a = MONTGOMERY[algorithm][:2]
    if left is None:
        return right
    if right is None:
        return left
    (u1, v1), (u2, v2) = left, right
    if u1 == u2:
        if (v1 + v2) % p == 0:
            return None
        slope = (3 * u1 * u1 + 2 * a * u1 + 1) * pow(2 * v1, -1, p)
    else:
        slope = (v2 - v1) * pow(u2 - u1, -1, p)
    u3 = (slope * slope - a - u1 - u2) % p
    return u3, (slope * (u1 - u3) - v1) % p


def montgomery_multiply(algorithm, scalar, point=None):
    result, point = None, point or MONTGOMERY[algorithm][2:4]
    while scalar:
        if scalar & 1:
            result = montgomery_add(algorithm, result, point)
        point = montgomery_add(algorithm, point, point)
        scalar >>= 1
    return result


def montgomery_encode(algorithm, point):
    """u and the parity octet of v."""
    return point[0].to_bytes(MONTGOMERY[algorithm][4], "little") + bytes([0x80 if point[1] & 1 else 0])


def montgomery_public(algorithm, scalar):
    return montgomery_encode(algorithm, montgomery_multiply(algorithm, scalar))


CODES = {"X25519": 1, "X448": 2, "Ed25519": 3, "Ed448": 4, "P256": 5, "P384": 6, "P521": 7, "RSA2048": 8, "RSA3072": 9}
SIZES = {"X25519": 32, "X448": 56, "Ed25519": 32, "Ed448": 56, "P256": 40, "P384": 56, "P521": 74, "RSA2048": 128, "RSA3072": 192}
ORDERS = {
    "P256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "P521": int("1FF" + 63 * "F" + "A51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}
CURVES = {"P256": ec.SECP256R1(), "P384": ec.SECP384R1(), "P521": ec.SECP521R1()}


def is_prime(n):
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        if n % p == 0:
            return n == p
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for base in [int.from_bytes(rnd(f"base {i}", 16), "big") for i in range(24)]:
        x = pow(base, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def next_prime(n):
    n += 1 + n % 2
    while not is_prime(n):
        n += 2
    return n


def derive(binary, algorithm, key_name="", method="info", specifier=None):
    ikm = binary[1:]
    target = CODES[algorithm].to_bytes(2, "big")
    if method == "release-1.0.2":
        ikm = target + ikm[2:]
    prk = mac(target if method == "salt" else b"", ikm)
    prefix = specifier if specifier is not None else binary[1:3]
    info = (prefix if method in ("info", "release-1.0.2") else b"") + key_name.encode()
    size = SIZES[algorithm]
    result = {"ikm_hex": ikm.hex(), "prk_hex": prk.hex(), "algorithm": algorithm}
    if algorithm.startswith("RSA"):
        for name in "pq":
            okm = expand(prk, info + name.encode(), size)
            result[f"okm_{name}_hex"] = okm.hex()
            result[f"prime_{name}"] = str(next_prime(int.from_bytes(okm, "big")))
        return result
    okm = expand(prk, info, size)
    result["okm_hex"] = okm.hex()
    if algorithm in ("X25519", "X448"):
        private = bytearray(okm)
        if algorithm == "X25519":
            private[0] &= 0xF8
            private[31] = private[31] & 0x7F | 0x40
            u = raw(x25519.X25519PrivateKey.from_private_bytes(bytes(private)).public_key())
        else:
            private[0] &= 0xFC
            private[55] |= 0x80
            u = raw(x448.X448PrivateKey.from_private_bytes(bytes(private)).public_key())
        scalar = int.from_bytes(private, "little")
        public = montgomery_public(algorithm, scalar)
        assert public[:-1] == u
        result.update(private_hex=bytes(private).hex(), scalar=str(scalar), u_hex=u.hex(), public_hex=public.hex())
        named = u if algorithm == "X25519" else public
    elif algorithm == "Ed25519":
        scalar, _ = ed25519_expand(okm)
        public = raw(ed25519.Ed25519PrivateKey.from_private_bytes(okm).public_key())
        result.update(private_hex=okm.hex(), scalar=str(scalar), public_hex=public.hex())
        named = public
    elif algorithm == "Ed448":
        scalar, _ = ed448_expand(okm)
        public = ed448_encode(ed448_multiply(scalar))
        result.update(private_hex=okm.hex(), scalar=str(scalar), public_hex=public.hex())
        named = public
    else:
        scalar = int.from_bytes(okm, "big") % (ORDERS[algorithm] - 1) + 1
        public = ec.derive_private_key(scalar, CURVES[algorithm]).public_key()
        octets = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        result.update(
            scalar=str(scalar), private_hex=scalar.to_bytes(len(octets) // 2, "big").hex(), public_hex=octets.hex()
        )
        return result
    result["fingerprint"] = base32(content(key_info(algorithm, named), "PKIXKey"), 140)
    return result


cases = []


def case(kind, input, expected):
    cases.append({"kind": kind, "source": "generated", "input": input, "expected": expected})


def make_cases():
    for bits in (100, 120, 140, 200, 260, 280, 512):
        for name, hash_name in (("SHA_2_512", "sha512"), ("SHA_3_512", "sha3_512")):
            data = rnd(f"content {bits}", bits)
            digest = content(data, "application/octet-stream", hash_name)
            case(
                "content-digest",
                {"data_hex": data.hex(), "content_type": "application/octet-stream", "algorithm": name, "bits": bits},
                {"udf": base32(digest[:64], bits), "type_id": digest[0], "binary_hex": digest[:64].hex()},
            )
    key = base32(bytes([104]) + rnd("authenticator", 16))
    for bits in (140, 200, 260):
        data = rnd("authenticated", 40)
        okm = expand(mac(b"KeyedUDFMaster", key.encode()), b"KeyedUDFExpand", 64)
        value = mac(okm, b"a/b:" + hashlib.sha512(data).digest())
        case(
            "authenticator",
            {"key": key, "data_hex": data.hex(), "content_type": "a/b", "bits": bits},
            {"udf": base32(b"\0" + value, bits), "mac_hex": value.hex(), "okm_hex": okm.hex()},
        )
    for algorithm, size in (("X25519", 32), ("X448", 57), ("Ed25519", 32), ("Ed448", 57)):
        public = rnd(f"public {algorithm}", size)
        if algorithm == "X448":
            public = public[:56] + b"\x80"
        for form in ("draft", "release-1.0.2"):
            der = key_info(algorithm, public, form)
            for content_type in (None, "application/pkix-keyinfo", "application/x509-keyinfo"):
                input = {"algorithm": algorithm, "public_hex": public.hex(), "form": form}
                if content_type:
                    input["content_type"] = content_type
                digest = content(der, content_type or "PKIXKey")
                case("key-fingerprint", input, {"der_hex": der.hex(), "udf": base32(digest, 140)})
            case(
                "oid",
                {"algorithm": algorithm, "public_hex": public.hex(), "form": form},
                {"der_hex": der.hex(), "udf": base32(b"\x70" + der)},
            )
    data = rnd("nonce", 17)
    case("nonce", {"data_hex": data.hex()}, {"type_id": 104, "data_hex": data.hex(), "udf": base32(b"\x68" + data)})
    data = rnd("key", 32)
    udf = base32(b"\x20" + data)
    case("encrypt-key", {"data_hex": data.hex()}, {"type_id": 32, "udf": udf})
    case("encrypt-key", {"udf": udf.lower()}, {"type_id": 32, "data_hex": data.hex()})
    inner = hashlib.sha512(b"UDFEncryption:" + data).digest()
    case("symmetric-key-id", {"udf": udf}, {"udf": base32(bytes([32, 96 + level(inner)]) + inner, 140)})
    for content_type in ("UDFEncryption", "application/udf-encryption", "application/udf"):
        identifier = base32(content(udf.encode(), content_type), 280)
        case(
            "locator",
            {"udf": udf, "domain": "example.com", "content_type": content_type},
            {
                "identifier": identifier,
                "name_uri": "udf:" + udf,
                "locator_uri": "udf://example.com/" + udf,
                "target_uri": "https://example.com/.well-known/mmm-udf/" + identifier,
            },
        )
    digest = base32(content(b"x", "text/plain"), 200)
    case(
        "sin",
        {"udf": digest, "domain": "example.org"},
        {
            "label": "mm--" + digest.lower(),
            "prefix_form": f"mm--{digest.lower()}.example.org",
            "suffix_form": f"example.org.mm--{digest.lower()}",
        },
    )
    for type_octet, hash_name in ((104, "sha512"), (96, "sha512"), (80, "sha3_512"), (81, "sha3_512")):
        data = rnd(f"message {type_octet}", 16)
        expected = {
            name: base32(content(data, f"application/mmm/{kind}", hash_name), 140)
            for name, kind in (("envelope_id", "envelopeid"), ("response_id", "responseid"))
        }
        case("message-id", {"message_id": base32(bytes([type_octet]) + data)}, expected)
    for form in ("draft", "release-1.0.2"):
        account, device = rnd("account", 57), rnd("device", 32)
        server, client = rnd("server", 16), rnd("client", 16)
        first = content(key_info("Ed448", account, form), "PKIXKey")
        second = content(key_info("Ed25519", device, form), "PKIXKey")
        h = lambda data: hashlib.sha512(data).digest()
        case(
            "witness",
            {
                "account_algorithm": "Ed448",
                "account_public_hex": account.hex(),
                "server_nonce_hex": server.hex(),
                "device_algorithm": "Ed25519",
                "device_public_hex": device.hex(),
                "client_nonce_hex": client.hex(),
                "form": form,
            },
            {
                "witness": base32(h(h(first[:64] + server) + h(second[:64] + client)), 140),
                "account_udf": base32(first, 140),
                "device_udf": base32(second, 140),
            },
        )
    pin = base32(b"\0" + rnd("pin", 10))
    salted = b"\0" + mac(unbase32(pin)[1:], b"Contact")
    short = unbase32(base32(salted, 140))[1:]
    nonce, digest = rnd("client nonce", 16), rnd("payload", 64)
    case(
        "pin",
        {
            "pin": pin,
            "action": "Contact",
            "account": "Bob@Example.COM",
            "client_nonce_hex": nonce.hex(),
            "payload_digest_hex": digest.hex(),
        },
        {
            "salted_pin": base32(salted, 140),
            "pin_id": base32(b"\0" + mac(short, b"bob@example.com"), 140),
            "pin_witness_hex": mac(short, b"bob@example.com" + nonce + digest).hex(),
        },
    )
    make_derivations()
    make_shares()


def make_derivations():
    for code, count, key_name in ((0, 16, ""), (0, 32, "name"), (256, 32, "BaseDeviceSign"), (260, 32, "BaseHostEncrypt")):
        binary = bytes([200]) + code.to_bytes(2, "big") + rnd(f"seed {code} {count}", count)
        for algorithm in ("X25519", "X448", "Ed25519", "Ed448", "P256", "P384", "P521"):
            for method in ("info", "salt", "bare", "release-1.0.2"):
                input = {"udf": base32(binary), "algorithm": algorithm, "key_name": key_name, "method": method}
                case("derive-key", input, derive(binary, algorithm, key_name, method))
        for specifier, number in (("Ed448", 4), ("MeshProfileAccount", 258)):
            input = {"udf": base32(binary), "algorithm": "Ed448", "key_name": key_name, "specifier": specifier}
            expected = derive(binary, "Ed448", key_name, specifier=number.to_bytes(2, "big"))
            case("derive-key", input, expected)
    for name, code in CODES.items():
        binary = bytes([200]) + code.to_bytes(2, "big") + rnd(f"own {name}", 16)
        case("derive-key", {"udf": base32(binary)}, derive(binary, name))
    binary = bytes([200, 0, 4]) + rnd("release", 16)
    expected = {}
    for form in ("draft", "release-1.0.2"):
        for algorithm in ("X25519", "X448", "Ed448"):
            result = derive(binary, algorithm, method="release-1.0.2")
            public = bytes.fromhex(result["u_hex"] if algorithm == "X25519" else result["public_hex"])
            expected = {"fingerprint": base32(content(key_info(algorithm, public, form), "PKIXKey"), 140)}
            input = {"udf": base32(binary), "algorithm": algorithm, "method": "release-1.0.2", "form": form}
            case("derive-key", input, expected)


def make_shares():
    for octets in (1, 2, 16, 32, 35, 64):
        offset = next_prime(2 ** (8 * octets) - 1) - 2 ** (8 * octets)
        p = 2 ** (8 * octets) + offset
        case("share-prime", {"octets": octets}, {"offset": offset, "prime": str(p)})
        for quorum, count in ((1, 1), (2, 3), (3, 5), (15, 15)):
            secret = rnd(f"shared {octets}", octets)
            if octets == 35:
                secret = b"\xc8\x01\x02" + secret[3:]
            attempt = 0
            while True:
                coefficients = [
                    int.from_bytes(rnd(f"coefficient {octets} {quorum} {attempt} {i}", octets + 8), "big") % p
                    for i in range(1, quorum)
                ]
                values = [
                    (int.from_bytes(secret, "big") + sum(a * pow(x, i + 1, p) for i, a in enumerate(coefficients))) % p
                    for x in range(1, count + 1)
                ]
                if all(value < 2 ** (8 * octets) for value in values):
                    break
                attempt += 1
            shares = [bytes([16 * quorum + i]) + v.to_bytes(octets, "big") for i, v in enumerate(values)]
            udfs = [base32(bytes([144]) + share) for share in shares]
            case(
                "secret-share-split",
                {
                    "secret_hex": secret.hex(),
                    "threshold": quorum,
                    "shares": count,
                    "coefficients": [str(a) for a in coefficients],
                },
                {
                    "a0": str(int.from_bytes(secret, "big")),
                    "values": [str(value) for value in values],
                    "shares_hex": [share.hex() for share in shares],
                    "udfs": udfs,
                    "untyped_udf": base32(secret),
                },
            )
            expected = {"secret_hex": secret.hex(), "threshold": quorum, "key_udf": base32(b"\x20" + secret)}
            if octets == 35:
                expected["seed_udf"] = base32(secret)
            case("secret-share-recover", {"shares": udfs[-quorum:]}, expected)


def make_primitives():
    result = {"digest": [], "hmac": [], "hkdf": [], "scrypt": [], "gcm": [], "cbc": [], "wrap": [], "sign": [], "agree": []}
    for count in (0, 1, 111, 112, 128, 1000):
        data = rnd("digest", count)
        entry = {"data": data.hex(), "SHAKE256": hashlib.shake_256(data).hexdigest(114)}
        for name, function in (("SHA_2_256", "sha256"), ("SHA_2_512", "sha512"), ("SHA_3_256", "sha3_256"), ("SHA_3_512", "sha3_512")):
            entry[name] = hashlib.new(function, data).hexdigest()
        result["digest"].append(entry)
    for key_count in (0, 20, 128, 200):
        key, data = rnd("hmac key", key_count), rnd("hmac data", key_count * 3)
        entry = {"key": key.hex(), "data": data.hex()}
        entry["sha256"] = hmac.new(key, data, hashlib.sha256).hexdigest()
        entry["sha512"] = hmac.new(key, data, hashlib.sha512).hexdigest()
        result["hmac"].append(entry)
    for count, salt_count, info_count in ((1, 0, 0), (32, 16, 7), (64, 64, 0), (300, 100, 2000)):
        ikm, salt, info = rnd("ikm", 35), rnd("salt", salt_count), rnd("info", info_count)
        entry = {"ikm": ikm.hex(), "salt": salt.hex(), "info": info.hex()}
        for name, function in (("sha256", hashes.SHA256()), ("sha512", hashes.SHA512())):
            entry[name] = HKDF(function, count, salt, info).derive(ikm).hex()
        result["hkdf"].append(entry)
    for passphrase, n, r, p, count in ((b"", 2, 1, 1, 16), (b"correct horse", 1024, 8, 1, 32), (b"\0\xff", 256, 4, 3, 64)):
        salt = rnd("scrypt", 16)
        key = Scrypt(salt=salt, length=count, n=n, r=r, p=p).derive(passphrase)
        result["scrypt"].append({"passphrase": passphrase.hex(), "salt": salt.hex(), "n": n, "r": r, "p": p, "key": key.hex()})
    for count, associated_count in ((0, 0), (1, 20), (16, 0), (1000, 33)):
        key, nonce = rnd("gcm key", 32), rnd("gcm nonce", 12)
        data, associated = rnd("gcm", count), rnd("associated", associated_count)
        sealed = AESGCM(key).encrypt(nonce, data, associated)
        result["gcm"].append(
            {"key": key.hex(), "nonce": nonce.hex(), "data": data.hex(), "associated": associated.hex(), "sealed": sealed.hex()}
        )
    for count in (0, 15, 16, 1000):
        key, iv, data = rnd("cbc key", 32), rnd("iv", 16), rnd("cbc", count)
        pad = padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        encrypted = encryptor.update(pad.update(data) + pad.finalize()) + encryptor.finalize()
        result["cbc"].append({"key": key.hex(), "iv": iv.hex(), "data": data.hex(), "encrypted": encrypted.hex()})
    for count in (16, 24, 32, 64):
        key, data = rnd("kek", 32), rnd("wrapped", count)
        result["wrap"].append({"key": key.hex(), "data": data.hex(), "wrapped": keywrap.aes_key_wrap(key, data).hex()})
    for count in (0, 1, 64, 500):
        message = rnd("message", count)
        seed = rnd("ed25519", 32)
        public, signature = ed25519_sign(seed, message)
        known = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        assert raw(known.public_key()) == public and known.sign(message) == signature
        entries = [("Ed25519", seed, None, public, signature)]
        for context in (b"", b"foo", rnd("context", 255)):
            entries.append(("Ed25519", seed, context, *ed25519_sign(seed, message, context)))
        seed = rnd("ed448", 57)
        public, signature = ed448_sign(seed, message)
        known = ed448.Ed448PrivateKey.from_private_bytes(seed)
        assert raw(known.public_key()) == public and known.sign(message) == signature
        for size in (56, 57):
            for context in (b"", b"foo", rnd("context", 255)):
                public, signature = ed448_sign(seed[:size], message, context)
                if not context:
                    ed448.Ed448PublicKey.from_public_bytes(public).verify(signature, message)
                entries.append(("Ed448", seed[:size], context, public, signature))
        for algorithm, seed, context, public, signature in entries:
            entry = {"algorithm": algorithm, "private": seed.hex(), "message": message.hex(), "public": public.hex(), "signature": signature.hex()}
            if context is not None:
                entry["context"] = context.hex()
            result["sign"].append(entry)
    for index in range(3):
        for algorithm, module, size in (("X25519", x25519.X25519PrivateKey, 32), ("X448", x448.X448PrivateKey, 56)):
            own, other = (module.from_private_bytes(rnd(f"{algorithm} {index} {side}", size)) for side in "ab")
            result["agree"].append(
                {"algorithm": algorithm, "private": rnd(f"{algorithm} {index} a", size).hex(), "peer": raw(other.public_key()).hex(), "shared": own.exchange(other.public_key()).hex()}
            )
        a, b = rnd(f"ed25519 {index} a", 32), rnd(f"ed25519 {index} b", 32)
        point = ed25519_multiply(ed25519_expand(b)[0])
        shared = ed25519_encode(ed25519_multiply(ed25519_expand(a)[0], point))
        result["agree"].append({"algorithm": "Ed25519", "private": a.hex(), "peer": ed25519_encode(point).hex(), "shared": shared.hex()})
        a, b = rnd(f"ed448 {index} a", 56), rnd(f"ed448 {index} b", 56)
        point = ed448_multiply(ed448_expand(b)[0])
        shared = ed448_encode(ed448_multiply(ed448_expand(a)[0], point))
        result["agree"].append({"algorithm": "Ed448", "private": a.hex(), "peer": ed448_encode(point).hex(), "shared": shared.hex()})
    return result


def make_key_sums(count=24):
    """Two keys each, as the Mesh derives them, and the key whose scalar is the sum of theirs modulo the order.

    The public key is reached by two ways, from the scalar and by adding the two points. OpenSSL verifies what a summed Ed448 key
    has signed, and agrees with a summed X448 key on the secret that is worked out here.
    """
    result = {"Ed448": [], "X448": []}
    for index in range(count):
        seeds = [rnd(f"sum ed448 {index} {side}", 56) for side in "ab"]
        (a, prefix_a), (b, prefix_b) = (ed448_expand(seed) for seed in seeds)
        points = [ed448_multiply(scalar) for scalar in (a, b)]
        scalar = (a + b) % L448
        public = ed448_encode(ed448_add(*points))
        # What the nonces of a sum are derived from is this package's own choice: any value makes signatures that verify.
        prefix = hashlib.shake_256(b"mesh-platform/ed448-sum/nonce-prefix" + prefix_a + prefix_b).digest(57)
        message = rnd(f"sum message {index}", 3 * index)
        signer, signature = ed448_sign_expanded(scalar, prefix, message)
        assert signer == public
        ed448.Ed448PublicKey.from_public_bytes(public).verify(signature, message)
        result["Ed448"].append(
            {
                "privates": [seed.hex() for seed in seeds],
                "publics": [ed448_encode(point).hex() for point in points],
                "scalar": scalar.to_bytes(56, "little").hex(),
                "public": public.hex(),
                "message": message.hex(),
                "signature": signature.hex(),
            }
        )
        privates = [rnd(f"sum x448 {index} {side}", 56) for side in "abc"]
        clamped = [bytes([octets[0] & 0xFC]) + octets[1:55] + bytes([octets[55] | 0x80]) for octets in privates]
        a, b, c = (int.from_bytes(octets, "little") for octets in clamped)
        points = [montgomery_multiply("X448", scalar) for scalar in (a, b, c)]
        for octets, point in zip(privates, points):
            known = x448.X448PrivateKey.from_private_bytes(octets)
            assert raw(known.public_key()) == point[0].to_bytes(56, "little")
        scalar = (a + b) % L448
        public = montgomery_public("X448", scalar)
        assert public == montgomery_encode("X448", montgomery_add("X448", *points[:2]))
        shared = montgomery_multiply("X448", scalar, points[2])[0].to_bytes(56, "little")
        # (The third private key is a multiple of 4, as a clamped one is: OpenSSL has the same number.)
        assert known.exchange(x448.X448PublicKey.from_public_bytes(public[:56])) == shared
        result["X448"].append(
            {
                "privates": [octets.hex() for octets in privates[:2]],
                "publics": [montgomery_encode("X448", point).hex() for point in points[:2]],
                "scalar": scalar.to_bytes(56, "little").hex(),
                "public": public.hex(),
                "peer": montgomery_encode("X448", points[2]).hex(),
                "shared": shared.hex(),
            }
        )
    return result


def write(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    make_cases()
    write("generated-cases.json", {"source": "generate_vectors.py", "cases": cases})
    write("primitives.json", make_primitives())
    write("key-sums.json", make_key_sums())
