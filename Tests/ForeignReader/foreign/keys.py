"""Keys as the files carry them, and their identifiers (dare §4.1 to §4.4)."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey, X448PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import curves
from .faults import Fault
from .jsonbcd import binary

OIDS = {"X25519": 110, "X448": 111, "Ed25519": 112, "Ed448": 113}
EDWARDS = {"Ed25519": curves.ED25519, "Ed448": curves.ED448}


def udf(octets):
    """The first 140 bits in Base32, in groups of four."""
    text = base64.b32encode(octets[:20]).decode()[:28]
    return "-".join(text[place : place + 4] for place in range(0, 28, 4))


def content_udf(kind, data):
    """The fingerprint of data under a content type, its first octet raised for digests that end in zero bits."""
    digest = hashlib.sha512(kind + b":" + data).digest()
    value = int.from_bytes(digest, "big")
    zeros = (value & -value).bit_length() - 1 if value else 512
    return bytes([0x60 + sum(zeros >= bound for bound in (20, 30, 40, 50))]) + digest


def der(tag, content):
    return bytes([tag, len(content)]) + content


def identifiers(curve, public):
    """Both forms of the kid of a public key: the drafts' (own OID and NULL), and that of release 1.0.2."""
    key = der(0x03, b"\x00" + der(0x04, public))
    forms = []
    for oid, parameters in ((OIDS[curve], b"\x05\x00"), (OIDS["Ed25519"], b"")):
        algorithm = der(0x30, der(0x06, bytes([0x2B, 0x65, oid])) + parameters)
        info = der(0x30, algorithm + key)
        forms.append(udf(content_udf(b"PKIXKey", hashlib.sha512(info).digest())))
    return forms


def seed_identifier(seed):
    """The E… identifier of a base seed."""
    return udf(b"\x20" + content_udf(b"UDFEncryption", seed))


class PublicKey:
    def __init__(self, curve, octets):
        if curve not in OIDS:
            raise Fault(f"the curve {curve} is not one this reader knows")
        self.curve, self.octets = curve, octets
        self.kids = identifiers(curve, octets)

    @staticmethod
    def of(parameters):
        """The key of a PublicKeyECDH object."""
        return PublicKey(parameters["crv"], binary(parameters["Public"], "a public key"))

    def verifies(self, signature, message, context):
        curve = EDWARDS.get(self.curve)
        return curve is not None and curves.verify(curve, self.octets, signature, message, context)


class PrivateKey:
    def __init__(self, curve, secret, kid=None):
        self.curve, self.secret, self.stated_kid = curve, secret, kid
        if curve in EDWARDS:
            public = curves.public(EDWARDS[curve], secret)
        elif curve == "X448":
            public = curves.x448_public(secret)
        elif curve == "X25519":
            key = X25519PrivateKey.from_private_bytes(secret)
            public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            raise Fault(f"the curve {curve} is not one this reader knows")
        self.public = PublicKey(curve, public)

    @property
    def kids(self):
        return self.public.kids + ([self.stated_kid] if self.stated_kid else [])

    def agree(self, peer):
        """The agreement octets with an ephemeral public key (dare §4)."""
        if self.curve in EDWARDS:
            return curves.agree(EDWARDS[self.curve], self.secret, peer)
        try:
            if self.curve == "X25519":
                key, ours = X25519PublicKey.from_public_bytes(peer[:32]), X25519PrivateKey.from_private_bytes(self.secret)
            else:
                # 56 octets of u, and often one more for the sign of v.
                if len(peer) not in (56, 57):
                    raise Fault(f"{len(peer)} octets that are no X448 key")
                key, ours = X448PublicKey.from_public_bytes(peer[:56]), X448PrivateKey.from_private_bytes(self.secret)
            return ours.exchange(key)
        except ValueError as error:
            raise Fault(f"the ephemeral key is no {self.curve} key: {error}")


class KeyRing:
    """The keys a reader was given: private ones open and verify, public ones verify."""

    def __init__(self, entries=()):
        self.private, self.public = [], []
        for entry in entries:
            if "PrivateKeyECDH" in entry:
                parameters = entry["PrivateKeyECDH"]
                key = PrivateKey(parameters["crv"], binary(parameters["Private"], "a private key"), entry.get("kid"))
                self.private.append(key)
                self.public.append(key.public)
            elif "PublicKeyECDH" in entry:
                self.public.append(PublicKey.of(entry["PublicKeyECDH"]))
            else:
                raise Fault("an entry of the key file is neither PrivateKeyECDH nor PublicKeyECDH")

    def verification_key(self, kid):
        return next((key for key in self.public if kid in key.kids), None)
