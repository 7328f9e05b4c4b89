#!/usr/bin/env python3
"""Makes cases of the published schemas for forms that no published case covers, with the code of Tests/ForeignReader,
which shares none with the package. Writes Vectors/generated-dare.json and ../MeshEncodingTests/Vectors/generated-jsonbcd.json.
The output is the same in every run.
"""

import hashlib
import json
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "ForeignReader"))

from cryptography.hazmat.primitives import hashes, keywrap, serialization  # noqa: E402
from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: E402

from foreign import curves, frames, headers, jsonbcd, layout, sealing, sequence, signing, vectors  # noqa: E402
from foreign.keys import EDWARDS, PrivateKey, seed_identifier  # noqa: E402

CURVES = {"Ed25519": [32], "Ed448": [56, 57], "X25519": [32], "X448": [56]}
LABELS = ("S512", "S256", "S3512", "S3256")
b64 = jsonbcd.base64url


def rnd(label, count):
    """Octets that look random and are the same in every run."""
    return hashlib.shake_256(b"mesh-platform DARE vectors: " + label.encode()).digest(count)


class Cases(list):
    def add(self, kind, given, expected, note):
        self.append({"kind": kind, "source": "generated", "note": note, "input": given, "expected": expected})

    def run(self, kind, given, note):
        self.add(kind, given, vectors.KINDS[kind](given), note)


def key(curve, label, size=None):
    return PrivateKey(curve, rnd(label, size or CURVES[curve][0]))


def printed(key):
    return {"PrivateKeyECDH": {"crv": key.curve, "Private": b64(key.secret)}}


def wrap(recipient, seed, label, info=b"", short=False):
    """An entry of recipients."""
    ephemeral = key(recipient.curve, label + " ephemeral")
    agreement = ephemeral.agree(recipient.public.octets)
    public = ephemeral.public.octets[:56] if short else ephemeral.public.octets
    return {
        "kid": recipient.public.kids[0],
        "epk": {"PublicKeyECDH": {"crv": recipient.curve, "Public": b64(public)}},
        "wmk": b64(keywrap.aes_key_wrap(sealing.key_wrap_key(agreement, info), seed)),
    }


def exchange_cases(cases):
    for curve, sizes in CURVES.items():
        for size in sizes:
            for number in range(2):
                secret = key(curve, f"key {curve} {size} {number}", size)
                cases.add(
                    "publicKey", {"crv": curve, "private": b64(secret.secret)},
                    {"public": b64(secret.public.octets), "kid": secret.public.kids[0]}, f"{curve} of {size} octets")
                for form, kid in zip(("own-oid-null", "ed25519-oid"), secret.public.kids):
                    cases.add(
                        "keyIdentifier", {"crv": curve, "public": b64(secret.public.octets), "form": form},
                        {"kid": kid}, curve)
                peer = key(curve, f"peer {curve} {number}").public.octets
                cases.run("keyAgreement", {"crv": curve, "private": b64(secret.secret), "epk": b64(peer)}, curve)
                if curve == "X448":
                    cases.run("keyAgreement", {"crv": curve, "private": b64(secret.secret), "epk": b64(peer[:56])}, "56 octets")
                for info in (b"", b"master"):
                    seed = rnd(f"seed {curve} {number}", 32)
                    for short in {False, curve == "X448"}:
                        entry = wrap(secret, seed, f"{curve} {number}", info, short)
                        other = wrap(key("X448", "someone else"), rnd("other seed", 32), "other")
                        expected = {"baseSeed": seed.hex(), "kdfInfo": "master" if info else "empty"}
                        cases.add("recipient", {"recipient": entry, "keys": [printed(secret)]}, expected, curve)
                        unnamed = dict(entry, kid="MAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG")
                        cases.add("recipient", {"recipient": unnamed, "keys": [printed(secret)]}, expected, "an old kid")
                        cases.add(
                            "recipients", {"header": {"recipients": [other, unnamed]}, "keys": [printed(key("Ed448", "not named")), printed(secret)]},
                            expected, "several, with an old kid")
    for number in range(4):
        ikm = rnd(f"ikm {number}", (32, 56, 57, 32)[number])
        for info in ("", "master"):
            cases.run("keyWrapKey", {"ikm": ikm.hex(), "info": info}, f"{len(ikm)} octets")
        salt = rnd(f"wrap salt {number}", 64)
        cases.add(
            "keyWrapKey", {"ikm": ikm.hex(), "salt": salt.hex(), "info": "master"},
            {"key": HKDF(hashes.SHA512(), 32, salt, b"master").derive(ikm).hex()}, "with a salt")
        wrapping, seed = rnd(f"kek {number}", 32), rnd(f"seed {number}", 32)
        cases.add("unwrap", {"key": wrapping.hex(), "wrapped": keywrap.aes_key_wrap(wrapping, seed).hex()}, {"seed": seed.hex()}, "")
        salt = rnd(f"salt {number}", (16, 17, 64, 1024)[number])
        cases.run("payloadKeys", {"baseSeed": seed.hex(), "salt": salt.hex()}, f"a salt of {len(salt)} octets")
        for size in (0, 1, 15, 16, 17, 1000):
            cases.run(
                "encryptPayload",
                {"enc": "A256CBC", "baseSeed": seed.hex(), "salt": salt.hex(), "plaintext": rnd("text", size).hex()}, f"{size} octets")
    for label in LABELS:
        for size in (0, 1, 127, 128, 1000):
            cases.run("digest", {"alg": label, "data": rnd("data", size).hex()}, f"{size} octets")
    for curve in ("Ed25519", "Ed448"):
        for size in CURVES[curve]:
            for domain in ("ctx-empty", "pure"):
                for count in (0, 64, 300):
                    cases.run(
                        "sign", {"crv": curve, "private": b64(rnd(f"signer {curve}", size)), "domain": domain, "message": rnd("message", count).hex()},
                        f"{curve} {domain}")
    for number in range(3):
        cases.run(
            "witness", {"baseSeed": rnd("w", 32).hex(), "salt": rnd(f"ws {number}", 16).hex(), "info": rnd(f"wi {number}", (64, 114, 200)[number]).hex()}, "")


def eds(prefix, body, tag=None):
    return jsonbcd.tagged(0x88, prefix) + jsonbcd.tagged(0x88, body) + (jsonbcd.tagged(0x88, tag) if tag is not None else b"")


def annotation_cases(cases):
    seed, salt = rnd("eds seed", 32), rnd("eds salt", 16)
    for number, size in enumerate((0, 1, 16, 255, 256, 1000)):
        prefix, text = bytes([number]), rnd(f"note {number}", size)
        cases.add("eds", {"eds": b64(eds(prefix, text))}, {"saltPrefix": prefix.hex(), "body": text.hex(), "tag": None}, "plain")
        cases.add(
            "eds", {"eds": b64(eds(prefix, text, rnd("tag", 16)))},
            {"saltPrefix": prefix.hex(), "body": text.hex(), "tag": rnd("tag", 16).hex()}, "with a tag")
        sealed = sealing.encrypt_cbc(seed, prefix + salt, text)
        cases.add(
            "eds", {"eds": b64(eds(prefix, sealed)), "enc": "A256CBC", "baseSeed": seed.hex(), "salt": salt.hex()},
            {"saltPrefix": prefix.hex(), "body": text.hex(), "tag": None}, "encrypted")


def envelope_case(cases, number, curve, signer_curve, form, damage):
    seed, salt = rnd(f"envelope seed {number}", 32), rnd(f"envelope salt {number}", 16)
    text = rnd(f"plaintext {number}", number * 7 % 90)
    notes = [f"note {number}.{index} äß" for index in range(number % 4)]
    reader = curve and key(curve, f"reader {number}")
    signer = signer_curve and key(signer_curve, f"signer {number}")
    header, trailer, body = {}, {}, text
    if reader:
        info = b"master" if number % 5 == 0 else b""
        header = {
            "enc": "A256CBC", "kid": seed_identifier(seed), "Salt": b64(salt),
            "recipients": [wrap(reader, seed, f"envelope {number}", info)],
        }
        body = sealing.encrypt_cbc(seed, salt, text)
    if notes:
        header["annotations"] = [
            b64(eds(bytes([place]), sealing.encrypt_cbc(seed, bytes([place]) + salt, note.encode()) if reader else note.encode()))
            for place, note in enumerate(notes)
        ]
    digest = headers.digest("S512", body)
    expected = {"payloadDigest": "absent", "plaintext": text.hex()}
    if reader:
        expected["baseSeed"] = seed.hex()
    if notes:
        expected["annotations"] = notes
    if signer or number % 2:
        header["dig"] = "S512"
        trailer["PayloadDigest"] = b64(digest)
        expected["payloadDigest"] = "valid"
    if signer:
        message = signing.manifest("S512", digest) if form == "B" else digest
        context = b"" if form == "A" and signer_curve == "Ed25519" else None
        signature = curves.sign(EDWARDS[signer_curve], signer.secret, message, context)
        entry = {"alg": "S512" if form == "A" else signer_curve.upper(), "kid": signer.public.kids[0], "signature": b64(signature)}
        result = {"kid": entry["kid"], "result": "valid", "over": "payload digest" if form == "A" else "manifest", "witness": None}
        if reader and form == "A":
            entry["witness"] = b64(sealing.derive(seed, salt, signature, 32))
            result["witness"] = "valid"
        elif reader:
            trailer["WitnessValue"] = b64(sealing.derive(seed, salt, message, 32))
            result["witness"] = "valid"
        if damage == "signature":
            entry["signature"] = b64(signature[:-20] + bytes([signature[-20] ^ 1]) + signature[-19:])
            # The witness of form A is of the signature, so it goes with it; that of form B is told with a valid signature only.
            result.update(result="INVALID", over=None, witness=reader and form == "A" and "INVALID" or None)
        if damage == "stranger":
            result.update(result="unknown key", over=None, witness=result["witness"] if form == "A" else None)
        trailer["signatures"] = [entry]
        expected["signatures"] = [result]
    parts = [header, b64(body), trailer]
    if number % 3 == 0:
        parts = [{**trailer, **header}, b64(body), {}]
    keys = [printed(reader)] if reader else []
    if signer and damage != "stranger":
        keys.append(
            printed(signer) if number % 2
            else {"PublicKeyECDH": {"crv": signer_curve, "Public": b64(signer.public.octets)}})
    given = {"envelope": parts if number % 2 else {"DareEnvelope": parts}}
    if keys:
        given["keys"] = keys
    cases.add("envelope", given, expected, f"{curve} {signer_curve} {form} {damage}")


def sequence_cases(cases):
    for index in list(range(16, 130)) + [255, 1023, 4095, 65535, 999_999, 2**31 - 1, 2**40]:
        cases.run("previousFrame", {"frame": index}, "")
    for label in LABELS:
        size = headers.digest_size(label)
        for index in (0, 1, 2, 3, 6, 7, 14, 15, 30, 31, 63):
            left = {str(frame): b64(rnd(f"tree {frame}", size)) for frame in range(index)}
            payload = b64(rnd(f"payload {index}", size))
            cases.run("treeDigest", {"alg": label, "frame": index, "left": left, "payloadDigest": payload}, "linked")
            cases.run("treeDigest", {"alg": label, "frame": index, "left": None, "payloadDigest": payload}, "unlinked")
            for previous in (None, b64(rnd(f"chain {index}", size))):
                cases.run("chainDigest", {"alg": label, "previous": previous, "payloadDigest": payload}, "")
    for size in (0, 1, 255, 256, 65536):
        cases.run("frame", {"records": ["7b7d", rnd("record", size).hex(), "7b7d"]}, f"{size} octets")
    random.seed(2)
    for number in range(20):
        header = {
            "dig": "S512", "x" * (number + 1): {"$binary": b64(rnd(f"member {number}", number * 17))},
            "Labels": [f"label {place}" for place in range(number % 4)], "policy": {},
            "Text": "quote \" backslash \\ tab \t bell \a line \n é €"[: number * 3 % 50], "Flag": number % 2 == 0,
            "List": [{"Key": "k", "Value": {"$binary": b64(rnd("nested", 70))}}, {}] if number % 3 == 0 else [1, 2],
            "SequenceInfo": {"Index": number},
        }
        cases.run("headerText", {"header": header}, f"header {number}")


def layout_cases(cases):
    for label in ("List", "Digest"):
        given = [{
            "header": {"policy": {}, "SequenceInfo": {"DataEncoding": "JSON", "ContainerType": label, "Index": 0}}, "payloadLength": 0,
            "emptyTrailer": True}]
        for index in range(1, 5):
            given.append({"header": {"SequenceInfo": {"Index": index}}, "payloadLength": (3, 250, 260, 70000)[index - 1]})
        _, result = layout.lay_out(vectors.unmarked(given))
        cases.add("sequenceLayout", {"frames": given}, result, label)


def random_value(depth):
    kind = random.randrange(9 if depth < 4 else 7)
    if kind == 0:
        return random.choice([True, False, None])
    if kind == 1:
        return random.choice([1, -1]) * random.getrandbits(random.choice([3, 8, 16, 31]))
    if kind == 2:
        return {"$int": str(random.choice([1, -1]) * (random.getrandbits(random.choice([33, 63, 64, 65, 200])) | 1 << 32))}
    if kind in (3, 4):
        return "".join(random.choice("aZ0 \"\\\n\té€😀") for _ in range(random.choice([0, 1, 5, 100, 300])))
    if kind == 5:
        return {"$binary": b64(random.randbytes(random.choice([0, 1, 20, 255, 256, 70])))}
    if kind == 6:
        return {"$binary64": struct.pack(">d", random.uniform(-1e9, 1e9)).hex()}
    if kind == 7:
        return [random_value(depth + 1) for _ in range(random.randrange(5))]
    return {f"member {place}": random_value(depth + 1) for place in range(random.randrange(5))}


def encoding_cases(cases):
    random.seed(1)
    for number in range(80):
        value = random_value(0)
        octets = jsonbcd.encode(vectors.unmarked(value))
        cases.add("encode", {"value": value}, {"hex": octets.hex()}, f"value {number}")
        cases.add("decode", {"hex": octets.hex()}, {"value": value}, f"value {number}")
        cases.add("decodeStream", {"hex": (octets + b"\n " + octets).hex()}, {"values": [value, value]}, f"value {number} twice")
        for cut in {len(octets) - 1, len(octets) // 2}:
            case = {"hex": octets[:cut].hex()}
            cases.run("decodeError", case, f"value {number}, cut at {cut}")
    for tag in list(range(0x93, 0x94)) + list(range(0x99, 0xA0)) + [0xA5, 0xA6, 0xAD, 0xAE, 0xB3] + list(range(0xB8, 0xC0)) + [0xC3, 0xC7, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF] + list(
            range(0xD1, 0x100)):
        cases.add("decodeError", {"hex": bytes([tag, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0]).hex()}, {"error": True}, f"tag {tag:02x}")
    for sizes in ([], [0], [1, 2, 3], [255], [256, 0], [300, 5]):
        records = [rnd("frame", size).hex() for size in sizes]
        cases.run("frame", {"records": records}, f"{sizes}")
    octets = b"".join(frames.write_frame([rnd(f"w{size}", size), b"", rnd("t", 9)]) for size in (0, 3, 256, 12))
    cases.run("frameWalk", {"hex": octets.hex()}, "frames of all lengths")
    small = frames.write_frame([b"{}", b"text", b"{}"])
    for place in (0, 1, len(small) - 1, len(small) - 2):
        for bit in range(8):
            wrong = bytearray(small)
            wrong[place] ^= 1 << bit
            cases.run("frameError", {"hex": wrong.hex()}, f"octet {place}, bit {bit}")


def main():
    dare = Cases()
    exchange_cases(dare)
    annotation_cases(dare)
    number = 0
    for curve in (None, *CURVES):
        for signer in (None, "Ed25519", "Ed448"):
            for form in ("A", "B") if signer else ("A",):
                for damage in ("none", "signature", "stranger") if signer else ("none",):
                    number += 1
                    envelope_case(dare, number, curve, signer, form, damage)
    sequence_cases(dare)
    layout_cases(dare)
    encoding = Cases()
    encoding_cases(encoding)
    for cases, path in ((dare, "Vectors/generated-dare.json"), (encoding, "../MeshEncodingTests/Vectors/generated-jsonbcd.json")):
        with open(os.path.join(HERE, path), "w", encoding="utf-8") as file:
            file.write('{"source": "generated", "cases": [\n')
            file.write(",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases))
            file.write("\n]}\n")


if __name__ == "__main__":
    main()
