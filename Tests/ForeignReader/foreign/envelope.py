"""Envelopes: header, body, trailer (dare §1)."""

import hashlib

from . import signing
from .faults import Fault
from .headers import Parts, digest
from .jsonbcd import base64url, binary, decode
from .keys import seed_identifier
from .sealing import decrypt, open_eds, open_recipients


class Envelope:
    def __init__(self, value):
        items = value.get("DareEnvelope") if isinstance(value, dict) else value
        if not isinstance(items, list) or not 1 <= len(items) <= 3:
            raise Fault("this is no envelope: a list of one to three parts is called for")
        self.body = binary(items[1], "the body") if len(items) > 1 else b""
        self.parts = Parts(items[0], items[2] if len(items) > 2 else {})

    @staticmethod
    def parse(octets):
        return Envelope(decode(octets))


def read_content(parts, body, ring, seed=None, kdf=None, label=None):
    """What both an envelope and a frame are checked for: digest, signatures, content, annotations. A report, and the plaintext.

    seed: from an exchange that stands elsewhere (an earlier frame). label: the digest of the sequence.
    """
    report, plaintext, faults = {}, None, []
    label = parts.digest_label or label or "S512"
    stated = parts.payload_digest
    report["payloadDigest"] = "absent" if stated is None else "valid" if digest(label, body) == stated else "INVALID"
    if seed is None and parts.recipients:
        opened = open_recipients(parts.recipients, ring)
        seed, kdf = opened if opened else (None, None)
    report["encrypted"] = parts.encryption is not None
    if parts.encryption is None:
        plaintext = bytes(body)
    elif parts.salt is None:
        faults.append("encrypted without a Salt")
    elif seed is None:
        report["content"] = "no key"
    else:
        plaintext = decrypt(parts.encryption, seed, parts.salt, body, parts.octets("PayloadTag"))
        report.update(baseSeed=seed.hex(), kdfInfo=kdf)
        if parts.header.get("kid"):
            report["seedKid"] = "valid" if parts.header["kid"] == seed_identifier(seed) else "other"
    if plaintext is not None:
        report.update(plaintextLength=len(plaintext), plaintextSHA256=hashlib.sha256(plaintext).hexdigest())
    if parts.annotations and (parts.encryption is None or seed is not None):
        report["annotations"] = [open_annotation(item, parts, seed) for item in parts.annotations]
    report["signatures"] = signing.check(parts, label, ring, seed)
    if report["payloadDigest"] == "INVALID":
        faults.append("the payload digest is not that of the payload")
    for result in report["signatures"]:
        if result["result"] in ("INVALID", "no payload digest"):
            faults.append(f"signature by {result['kid']}: {result['result']}")
        if result["witness"] == "INVALID":
            faults.append(f"the witness of {result['kid']} does not hold")
    if faults:
        report["faults"] = faults
    return report, plaintext


def open_annotation(item, parts, seed):
    octets = open_eds(binary(item, "an annotation"), parts.encryption, seed if parts.encryption else None, parts.salt or b"")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return {"$binary": base64url(octets)}


def verify_envelope(octets, ring):
    envelope = Envelope.parse(octets)
    report, plaintext = read_content(envelope.parts, envelope.body, ring)
    report = {"kind": "envelope", "meta": envelope.parts.meta, "bodyLength": len(envelope.body), **report}
    return report, plaintext
