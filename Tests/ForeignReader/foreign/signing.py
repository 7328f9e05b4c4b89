"""Signatures of both forms, and witness values (dare §6)."""

from .jsonbcd import binary, tagged
from .sealing import derive


def manifest(label, payload_digest, *more):
    return tagged(0x80, label.encode()) + b"".join(tagged(0x88, value) for value in (payload_digest, *more) if value)


def check(parts, label, ring, seed=None):
    """Every signature beside a payload: who, over what, and whether it holds."""
    payload_digest = parts.payload_digest
    results = []
    for group, more in (("signatures", ()), ("seqsignatures", (parts.tree_digest,))):
        for entry in parts.get(group) or []:
            results.append(check_one(entry, parts, label, payload_digest, more, ring, seed))
    return results


def check_one(entry, parts, label, payload_digest, more, ring, seed):
    result = {"kid": entry.get("kid"), "result": "unknown key", "over": None, "witness": None}
    if payload_digest is None:
        return {**result, "result": "no payload digest"}
    signature = binary(entry["signature"], "a signature")
    label = entry.get("dig") or label
    plain = [manifest(label, payload_digest, *more), manifest(label, payload_digest, parts.chain_digest, *more)]
    key = ring.verification_key(entry.get("kid"))
    if key is not None:
        result["result"] = "INVALID"
        context = b"" if key.curve == "Ed25519" else None
        if not more and key.verifies(signature, payload_digest, context):
            result.update(result="valid", over="payload digest")
        else:
            for message in plain:
                if key.verifies(signature, message, None):
                    result.update(result="valid", over="manifest")
                    break
    if seed is not None and parts.salt is not None:
        result["witness"] = check_witness(entry, parts, seed, signature, plain if result["over"] == "manifest" else None)
    return result


def check_witness(entry, parts, seed, signature, manifests):
    if entry.get("witness") is not None:
        expected = derive(seed, parts.salt, signature, 32)
        return "valid" if binary(entry["witness"], "witness") == expected else "INVALID"
    stated = parts.octets("WitnessValue")
    # It is over the manifest: whose it is, only a signature over the manifest tells.
    if stated is not None and manifests:
        return "valid" if any(stated == derive(seed, parts.salt, text, 32) for text in manifests) else "INVALID"
    return None
