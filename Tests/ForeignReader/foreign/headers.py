"""Headers and trailers of all generations, by the names of dare-12 (dare §0, §1.1)."""

import hashlib

from .faults import Fault
from .jsonbcd import binary, decode

DIGESTS = {"S512": "sha512", "SHA2": "sha512", "S256": "sha256", "S3512": "sha3_512", "S3256": "sha3_256"}
META_NAMES = ("UniqueId", "Event", "First", "Previous", "Filename", "FileEntry", "Paths", "KeyValues", "Labels", "cty", "MessageType")


def digest(label, *parts):
    if label not in DIGESTS:
        raise Fault(f"the digest {label} is not one this reader knows")
    function = hashlib.new(DIGESTS[label])
    for part in parts:
        function.update(part)
    return function.digest()


def digest_size(label):
    return len(digest(label))


class Parts:
    """A header and a trailer together. Trailer members are looked for in the trailer first, then in the header."""

    def __init__(self, header, trailer):
        for name, value in (("header", header), ("trailer", trailer)):
            if not isinstance(value, dict):
                raise Fault(f"the {name} is no object")
        # dare-06 to -09 print headers in a wrapper of this name.
        self.header, self.trailer = header.get("DareHeader", header), trailer

    def get(self, *names):
        for name in names:
            for place in (self.trailer, self.header):
                if place.get(name) is not None:
                    return place[name]
        return None

    def octets(self, *names):
        value = self.get(*names)
        return None if value is None else binary(value, names[0])

    @property
    def payload_digest(self):
        return self.octets("PayloadDigest")

    @property
    def chain_digest(self):
        return self.octets("ChainDigest")

    @property
    def tree_digest(self):
        return self.octets("TreeDigest", "ApexDigest")

    @property
    def signatures(self):
        return self.get("signatures") or []

    @property
    def encryption(self):
        label = self.header.get("enc")
        return None if label in (None, "none") else label

    @property
    def digest_label(self):
        label = self.header.get("dig")
        return None if label in (None, "none") else label

    @property
    def salt(self):
        salt = self.header.get("Salt")
        return None if salt is None else binary(salt, "Salt")

    @property
    def recipients(self):
        return self.header.get("recipients") or []

    @property
    def info(self):
        """SequenceInfo; ContainerInfo of dare-06 to -09; in older files the header itself."""
        return self.header.get("SequenceInfo") or self.header.get("ContainerInfo") or self.header

    @property
    def meta(self):
        """ContentMeta: octets of JSON, an object, or in older files members of the header."""
        octets = self.header.get("ContentMetaData")
        meta = decode(binary(octets, "ContentMetaData")) if octets else self.header.get("ContentMeta") or {}
        if not isinstance(meta, dict):
            raise Fault("the content metadata is no object")
        meta = dict(meta)
        for name in META_NAMES:
            if name in self.header:
                meta.setdefault(name, self.header[name])
        for place in (meta, self.header):
            if place.get("UniqueID") is not None:
                meta.setdefault("UniqueId", place["UniqueID"])
        return meta

    @property
    def annotations(self):
        return self.header.get("annotations") or self.header.get("Annotations") or []
