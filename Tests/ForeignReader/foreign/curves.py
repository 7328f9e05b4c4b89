"""Edwards curves in plain integers, for what the cryptography package does not offer: agreement on the Edwards curve,
Ed448 keys with secrets of 56 octets, Ed25519 with a context, and the sign of v beside an X448 key.

Nothing here takes constant time. It is a reader for tests.
"""

import hashlib

from .faults import Fault


class Edwards:
    """The curve a·x² + y² = 1 + d·x²·y² over the field of p, in projective coordinates (X : Y : Z)."""

    def __init__(self, p, a, d, order, cofactor_bits, size, base_y, base_sign):
        self.p, self.a, self.d, self.order, self.cofactor_bits, self.size = p, a, d, order, cofactor_bits, size
        self.base = self.point(base_y, base_sign)

    def point(self, y, sign):
        p = self.p
        # a·x² + y² = 1 + d·x²·y²  gives  x² = (1 - y²) / (a - d·y²)
        square = (1 - y * y) * pow(self.a - self.d * y * y, -1, p) % p
        root = pow(square, (p + 1) // 4, p) if p % 4 == 3 else pow(square, (p + 3) // 8, p)
        if root * root % p != square and p % 4 != 3:
            root = root * pow(2, (p - 1) // 4, p) % p
        if root * root % p != square or (root == 0 and sign):
            raise Fault("an octet string that is no point of the curve")
        return (p - root if root & 1 != sign else root, y, 1)

    def add(self, left, right):
        p = self.p
        x1, y1, z1 = left
        x2, y2, z2 = right
        z = z1 * z2 % p
        zz, x, y = z * z % p, x1 * x2 % p, y1 * y2 % p
        e = self.d * x * y % p
        f, g = zz - e, zz + e
        cross = ((x1 + y1) * (x2 + y2) - x - y) % p
        return (z * f * cross % p, z * g * (y - self.a * x) % p, f * g % p)

    def multiply(self, scalar, point):
        result = (0, 1, 1)
        for bit in bin(scalar)[2:]:
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, point)
        return result

    def encode(self, point):
        inverse = pow(point[2], -1, self.p)
        x, y = point[0] * inverse % self.p, point[1] * inverse % self.p
        octets = bytearray(y.to_bytes(self.size, "little"))
        octets[-1] |= (x & 1) << 7
        return bytes(octets)

    def decode(self, octets):
        if len(octets) != self.size:
            raise Fault(f"{len(octets)} octets where a point has {self.size}")
        sign, last = octets[-1] >> 7, octets[-1] & 0x7F
        y = int.from_bytes(octets[:-1] + bytes([last]), "little")
        if y >= self.p:
            raise Fault("a coordinate outside the field")
        return self.point(y, sign)

    def same(self, left, right):
        return (left[0] * right[2] - right[0] * left[2]) % self.p == 0 and (
            left[1] * right[2] - right[1] * left[2]
        ) % self.p == 0


P25519, P448 = 2**255 - 19, 2**448 - 2**224 - 1
ED25519 = Edwards(
    P25519, -1, -121665 * pow(121666, -1, P25519) % P25519, 2**252 + 27742317777372353535851937790883648493, 3, 32,
    4 * pow(5, -1, P25519) % P25519, 0)
ED448 = Edwards(
    P448, 1, -39081, 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885, 2, 57,
    298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660,
    0)


def expand(curve, secret):
    """Scalar and prefix of a private key (RFC 8032 §5.1.5, §5.2.5). What is given is hashed, whatever its length."""
    if curve is ED25519:
        digest = bytearray(hashlib.sha512(secret).digest())
        digest[0] &= 0xF8
        digest[31] = digest[31] & 0x7F | 0x40
        return int.from_bytes(digest[:32], "little"), bytes(digest[32:])
    digest = bytearray(hashlib.shake_256(secret).digest(114))
    digest[0] &= 0xFC
    digest[55] |= 0x80
    digest[56] = 0
    return int.from_bytes(digest[:57], "little"), bytes(digest[57:])


def public(curve, secret):
    return curve.encode(curve.multiply(expand(curve, secret)[0], curve.base))


def agree(curve, secret, peer):
    """The octets of scalar · point."""
    shared = curve.multiply(expand(curve, secret)[0], curve.decode(peer))
    if curve.same(shared, (0, 1, 1)):
        raise Fault("the agreement gives the neutral point")
    return curve.encode(shared)


def challenge(curve, context, parts):
    """The hash of RFC 8032 as an integer. context: None for plain Ed25519."""
    if curve is ED25519:
        prefix = b"" if context is None else b"SigEd25519 no Ed25519 collisions" + bytes([0, len(context)]) + context
        return int.from_bytes(hashlib.sha512(prefix + b"".join(parts)).digest(), "little")
    prefix = b"SigEd448" + bytes([0, len(context or b"")]) + (context or b"")
    return int.from_bytes(hashlib.shake_256(prefix + b"".join(parts)).digest(114), "little")


def sign(curve, secret, message, context=None):
    scalar, prefix = expand(curve, secret)
    nonce = challenge(curve, context, (prefix, message)) % curve.order
    commitment = curve.encode(curve.multiply(nonce, curve.base))
    factor = challenge(curve, context, (commitment, public(curve, secret), message))
    return commitment + ((nonce + factor * scalar) % curve.order).to_bytes(curve.size, "little")


def verify(curve, key, signature, message, context=None):
    if len(signature) != 2 * curve.size:
        return False
    scalar = int.from_bytes(signature[curve.size :], "little")
    if scalar >= curve.order:
        return False
    try:
        commitment, point = curve.decode(signature[: curve.size]), curve.decode(key)
    except Fault:
        return False
    factor = challenge(curve, context, (signature[: curve.size], key, message)) % curve.order
    left = curve.multiply(scalar, curve.base)
    right = curve.add(commitment, curve.multiply(factor, point))
    clear = 1 << curve.cofactor_bits
    return curve.same(curve.multiply(clear, left), curve.multiply(clear, right))


X448_BASE = (
    5,
    355293926785568175264127502063783334808976399387714271831880898435169088786967410002932673765864550910142774147268105838985595290606362,
)


def x448_public(secret):
    """u and the parity octet of an X448 key: 57 octets (dare §4.2)."""
    clamped = bytearray(secret)
    clamped[0] &= 0xFC
    clamped[55] |= 0x80
    total = None
    for bit in bin(int.from_bytes(clamped, "little"))[2:]:
        total = montgomery_add(total, total)
        if bit == "1":
            total = montgomery_add(total, X448_BASE)
    return total[0].to_bytes(56, "little") + (b"\x80" if total[1] & 1 else b"\x00")


def montgomery_add(left, right):
    """Points of v² = u³ + 156326·u² + u; None is the point at infinity."""
    if left is None or right is None:
        return right if left is None else left
    p, a = P448, 156326
    if left[0] == right[0]:
        if (left[1] + right[1]) % p == 0:
            return None
        slope = (3 * left[0] ** 2 + 2 * a * left[0] + 1) * pow(2 * left[1], -1, p) % p
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, p) % p
    u = (slope * slope - a - left[0] - right[0]) % p
    return u, (slope * (left[0] - u) - left[1]) % p
