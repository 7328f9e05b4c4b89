"""Runs this reader against the published vectors, so that what checks others is checked itself."""

import json
import struct

from . import curves, frames, headers, jsonbcd, sealing, signing
from .envelope import Envelope, read_content
from .faults import Fault
from .headers import digest
from .keys import EDWARDS, KeyRing, PrivateKey, identifiers
from .layout import lay_out, text_of
from .sequence import previous_frame, tree_digest, verify_sequence

b64 = jsonbcd.binary


def marked(value):
    """A value with the marks that the vectors use for what JSON cannot say."""
    if isinstance(value, jsonbcd.Opaque):
        return {"$" + value.kind: value.octets.hex()}
    if isinstance(value, bytes):
        return {"$binary": jsonbcd.base64url(value)}
    if isinstance(value, float):
        return {"$binary64": struct.pack(">d", value).hex()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 32:
        return {"$int": str(value)}
    if isinstance(value, list):
        return [marked(element) for element in value]
    if isinstance(value, dict):
        return {name: marked(member) for name, member in value.items()}
    return value


def unmarked(value):
    if isinstance(value, list):
        return [unmarked(element) for element in value]
    if isinstance(value, dict):
        if len(value) == 1:
            (name, member), = value.items()
            if name == "$binary":
                return b64(member)
            if name == "$int":
                return int(member)
            if name == "$binary64":
                return struct.unpack(">d", bytes.fromhex(member))[0]
        return {name: unmarked(member) for name, member in value.items()}
    return value


def private_key(given):
    return PrivateKey(given["crv"], b64(given["private"]))


def public_key(given):
    key = private_key(given).public
    return {"public": jsonbcd.base64url(key.octets), "kid": key.kids[0]}


def wrap_key(given):
    salt = bytes.fromhex(given["salt"]) if "salt" in given else bytes(64)
    return {"key": sealing.key_wrap_key(bytes.fromhex(given["ikm"]), given["info"].encode(), salt).hex()}


def recipients(given):
    entries = [given["recipient"]] if "recipient" in given else given["header"]["recipients"]
    seed, info = sealing.open_recipients(entries, KeyRing(given["keys"]))
    return {"baseSeed": seed.hex(), "kdfInfo": info}


def envelope(given):
    envelope = Envelope(given["envelope"])
    report, plaintext = read_content(envelope.parts, envelope.body, KeyRing(given.get("keys", [])))
    report["plaintext"] = plaintext.hex() if plaintext is not None else None
    return report


def eds(given):
    prefix, body, tag = sealing.split_eds(b64(given["eds"]))
    if "baseSeed" in given:
        body = sealing.open_eds(b64(given["eds"]), given.get("enc", "A256CBC"), bytes.fromhex(given["baseSeed"]), bytes.fromhex(given["salt"]))
    return {"saltPrefix": prefix.hex(), "body": body.hex(), "tag": tag and tag.hex()}


def sign(given):
    context = {"ctx-empty": b"", "pure": None}[given["domain"]]
    curve, key, message = EDWARDS[given["crv"]], b64(given["private"]), bytes.fromhex(given["message"])
    signature = curves.sign(curve, key, message, context)
    if not curves.verify(curve, curves.public(curve, key), signature, message, context):
        raise Fault("the signature made does not verify")
    return {"signature": jsonbcd.base64url(signature)}


def key_agreement(given):
    return {"ikm": private_key(given).agree(b64(given["epk"])).hex()}


def tree(given):
    left = given["left"]
    operand = None if left is None else lambda frame: b64(left[str(frame)])
    return {"digest": jsonbcd.base64url(tree_digest(given["alg"], given["frame"], b64(given["payloadDigest"]), operand))}


def chain(given):
    previous = b64(given["previous"]) if given["previous"] else bytes(headers.digest_size(given["alg"]))
    return {"digest": jsonbcd.base64url(digest(given["alg"], previous, b64(given["payloadDigest"])))}


def frame(given):
    octets = frames.write_frame([bytes.fromhex(record) for record in given["records"]])
    read = frames.read_frame(octets, 0)
    if [octets[start : start + size].hex() for start, size in read.records] != given["records"]:
        raise Fault("the frame written reads as another")
    return {"hex": octets.hex()}


def frame_walk(given):
    octets = bytes.fromhex(given["hex"])
    forward, backward = list(frames.walk(octets)), list(frames.walk_back(octets))
    if [item.start for item in backward[::-1]] != [item.start for item in forward]:
        raise Fault("walking back finds other frames")
    return {"positions": [item.start for item in forward], "recordLengths": [[size for _, size in item.records] for item in forward]}


def keys_of(given):
    seed, salt = bytes.fromhex(given["baseSeed"]), bytes.fromhex(given["salt"])
    return {"key": sealing.derive(seed, salt, b"encrypt", 32).hex(), "iv": sealing.derive(seed, salt, b"iv", 16).hex()}


def encrypt(given):
    if given["enc"] != "A256CBC":
        raise Fault(f"this reader encrypts under A256CBC only, not {given['enc']}")
    seed, salt = bytes.fromhex(given["baseSeed"]), bytes.fromhex(given["salt"])
    ciphertext = sealing.encrypt_cbc(seed, salt, bytes.fromhex(given["plaintext"]))
    if sealing.decrypt("A256CBC", seed, salt, ciphertext).hex() != given["plaintext"]:
        raise Fault("what was encrypted decrypts to something else")
    return {"ciphertext": ciphertext.hex()}


def witness(given):
    return {"witness": jsonbcd.base64url(
        sealing.derive(bytes.fromhex(given["baseSeed"]), bytes.fromhex(given["salt"]), bytes.fromhex(given["info"]), 32))}


def key_identifier(given):
    form = {"own-oid-null": 0, "ed25519-oid": 1}[given["form"]]
    return {"kid": identifiers(given["crv"], b64(given["public"]))[form]}


def must_fail(function):
    def run(given):
        try:
            function(bytes.fromhex(given["hex"]))
        except Fault:
            return {"error": True}
        return {"error": False}
    return run


def round_trip(given):
    octets = jsonbcd.encode(unmarked(given["value"]))
    if marked(jsonbcd.decode(octets)) != given["value"]:
        raise Fault("what was encoded decodes to something else")
    return {"hex": octets.hex()}


def sequence_layout(given):
    octets, result = lay_out(unmarked(given["frames"]))
    if not any("enc" in frame["header"] for frame in given["frames"]):
        faults = verify_sequence(octets, KeyRing())[0].get("faults")
        if faults:
            raise Fault(f"the sequence does not verify: {faults[0]}")
    return result


KINDS = {
    "publicKey": public_key,
    "keyWrapKey": wrap_key,
    "unwrap": lambda given: {"seed": sealing.unwrap(bytes.fromhex(given["key"]), bytes.fromhex(given["wrapped"])).hex()},
    "payloadKeys": keys_of, "encryptPayload": encrypt, "recipient": recipients, "recipients": recipients, "envelope": envelope,
    "eds": eds, "sign": sign, "witness": witness, "keyAgreement": key_agreement, "treeDigest": tree, "chainDigest": chain,
    "keyIdentifier": key_identifier,
    "digest": lambda given: {"digest": jsonbcd.base64url(digest(given["alg"], bytes.fromhex(given["data"])))},
    "previousFrame": lambda given: {"previous": previous_frame(given["frame"])},
    "headerText": lambda given: {"text": text_of(unmarked(given["header"]))},
    "sequenceLayout": sequence_layout,
    "frame": frame, "frameWalk": frame_walk, "frameError": must_fail(lambda octets: list(frames.walk(octets))),
    "decode": lambda given: {"value": marked(jsonbcd.decode(bytes.fromhex(given["hex"])))},
    "decodeStream": lambda given: {"values": marked(jsonbcd.decode_stream(bytes.fromhex(given["hex"])))},
    "decodeError": must_fail(jsonbcd.decode), "encode": round_trip,
}


def agrees(case, member, found, expected):
    if case["kind"] == "publicKey" and member == "public" and case["input"].get("crv") == "X448":
        # Some vectors give u alone, others the octet for the sign of v as well.
        return len(b64(expected)) in (56, 57) and b64(found).startswith(b64(expected))
    return found == expected


def check(path):
    """Runs one file: how many cases passed, and the failures in words."""
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    passed, failures = 0, []
    for number, case in enumerate(cases):
        name = f"case {number} ({case['kind']}, {case.get('note') or case['source']})"
        run = KINDS.get(case["kind"])
        if run is None:
            failures.append(f"{name}: this reader does not know the kind")
            continue
        try:
            found = run(case["input"])
        except Exception as error:  # Whatever stops a case is a failure of that case.
            failures.append(f"{name}: {type(error).__name__}: {error}")
            continue
        wrong = [member for member, value in case["expected"].items() if not agrees(case, member, found.get(member), value)]
        if wrong:
            failures.append(f"{name}: " + "; ".join(f"{member} is {found.get(member)!r}, not {case['expected'][member]!r}" for member in wrong)[:300])
        else:
            passed += 1
    return passed, failures
