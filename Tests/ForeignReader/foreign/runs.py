"""Signatures of runs of frames, an extension of the package (SequenceFormats.md): over headers, trailers and their place."""

import hashlib

from . import frames
from .faults import Fault
from .headers import Parts
from .jsonbcd import binary, decode


def part(octets):
    return len(octets).to_bytes(8, "big") + octets


def check(octets, ring, account, store):
    """The runs, and what is wrong with them; frames after the last run are told, and no fault."""
    runs, faults = [], []
    value, first = bytes(64), 0
    chain = check = b""
    next_chain = next_check = b""
    last = -1
    for last, frame in enumerate(frames.walk(octets)):
        header, _, trailer = [bytes(octets[start : start + size]) for start, size in frame.records]
        members = decode(trailer)
        parts = Parts(decode(header), members)
        next_chain, next_check = parts.chain_digest, binary(members["FrameCheck"], "a check")
        entry = members.get("RunSignature")
        if entry is None:
            value = hashlib.sha512(value + part(header) + part(trailer)).digest()
            continue
        opening, mark, rest = trailer.rpartition(b',"RunSignature":{"kid":"')
        if not mark or list(members)[-2:] != ["RunSignature", "FrameCheck"] or list(entry) != ["kid", "signature"]:
            raise Fault(f"frame {last}: the signature of the run is not at its place")
        value = hashlib.sha512(value + part(header) + part(opening)).digest()
        message = b"mesh run signature 1" + part(account.encode()) + part(store.encode())
        message += first.to_bytes(8, "big") + last.to_bytes(8, "big")
        message += part(chain) + part(check) + part(entry["kid"].encode()) + part(value)
        key = ring.verification_key(entry["kid"])
        if key is None:
            result = "unknown key"
        else:
            result = "valid" if key.verifies(binary(entry["signature"], "a signature"), message, None) else "INVALID"
        if result != "valid":
            faults.append(f"the run of frames {first} to {last}: {result}")
        runs.append({"first": first, "last": last, "kid": entry["kid"], "result": result})
        value, first, chain, check = bytes(64), last + 1, next_chain, next_check
    return {"kind": "runs", "runs": runs, "uncovered": last + 1 - first, "faults": faults}
