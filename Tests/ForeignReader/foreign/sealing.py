"""Key exchange and payload encryption (dare §3 and §4)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from .faults import Fault
from .jsonbcd import Decoder, binary

KEY_SIZES = {"A256CBC": 32, "A128CBC": 16, "A256GCM": 32, "A128GCM": 16}


def key_wrap_key(agreement, info, salt=bytes(64)):
    return HKDF(hashes.SHA512(), 32, salt, info).derive(agreement)


def unwrap(key, wrapped):
    try:
        return keywrap.aes_key_unwrap(key, wrapped)
    except (keywrap.InvalidUnwrap, ValueError):
        return None


def derive(seed, salt, info, size):
    return HKDF(hashes.SHA256(), size, salt, info).derive(seed)


def open_recipient(entry, key):
    """The base seed from one recipient entry with one private key, and which HKDF info it took; or None."""
    parameters = entry.get("epk", {}).get("PublicKeyECDH")
    if not parameters or parameters.get("crv") != key.curve:
        return None
    agreement = key.agree(binary(parameters["Public"], "epk"))
    for info in (b"", b"master"):
        seed = unwrap(key_wrap_key(agreement, info), binary(entry["wmk"], "wmk"))
        if seed is not None:
            return seed, "master" if info else "empty"
    return None


def open_recipients(recipients, ring):
    """The base seed for whichever private key of the ring opens it: those that are named first, then the others."""
    named = [(entry, key) for entry in recipients for key in ring.private if entry.get("kid") in key.kids]
    others = [(entry, key) for entry in recipients for key in ring.private if (entry, key) not in named]
    for entry, key in named + others:
        opened = open_recipient(entry, key)
        if opened:
            return opened
    return None


def decrypt(algorithm, seed, salt, body, tag=None):
    if algorithm not in KEY_SIZES:
        raise Fault(f"the encryption {algorithm} is not one this reader knows")
    key = derive(seed, salt, b"encrypt", KEY_SIZES[algorithm])
    if algorithm.endswith("GCM"):
        if tag is None:
            raise Fault("a body under GCM without its tag")
        try:
            return AESGCM(key).decrypt(derive(seed, salt, b"iv", 12), bytes(body) + tag, None)
        except InvalidTag:
            raise Fault("the body does not have its tag")
    if len(body) == 0 or len(body) % 16:
        raise Fault(f"{len(body)} octets are no body under AES-CBC")
    context = Cipher(algorithms.AES(key), modes.CBC(derive(seed, salt, b"iv", 16))).decryptor()
    padding = PKCS7(128).unpadder()
    try:
        return padding.update(context.update(body) + context.finalize()) + padding.finalize()
    except ValueError:
        raise Fault("the padding of the decrypted body is not valid")


def encrypt_cbc(seed, salt, plaintext):
    """Only for the vectors."""
    padding = PKCS7(128).padder()
    context = Cipher(algorithms.AES(derive(seed, salt, b"encrypt", 32)), modes.CBC(derive(seed, salt, b"iv", 16))).encryptor()
    return context.update(padding.update(plaintext) + padding.finalize()) + context.finalize()


def split_eds(octets):
    """Salt prefix, body and tag (or None) of an enhanced data sequence (dare §3.1)."""
    decoder, items = Decoder(octets), []
    while not decoder.at_end():
        item = decoder.item()
        if not isinstance(item, bytes):
            raise Fault("an annotation has an item that is not binary")
        items.append(item)
    if len(items) not in (2, 3):
        raise Fault(f"an annotation of {len(items)} items")
    return items[0], items[1], items[2] if len(items) == 3 else None


def open_eds(octets, algorithm=None, seed=None, salt=b""):
    """What an annotation says. Without seed it is plain."""
    prefix, body, tag = split_eds(octets)
    return body if seed is None else decrypt(algorithm, seed, prefix + salt, body, tag)
