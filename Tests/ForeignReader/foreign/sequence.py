"""Sequences of all types and generations (dare §7)."""

from . import frames
from .envelope import read_content
from .faults import Fault
from .headers import Parts, digest, digest_size
from .jsonbcd import base64url, decode
from .sealing import open_recipients

TYPES = ("List", "Digest", "Chain", "Tree", "Merkle")


def previous_frame(index):
    """The frame that the tree position of a frame names; -1 for none (dare §7.3)."""
    if index == 0:
        return -1
    x, d = index + 1, 1
    while x % 2 == 0:
        x, d = x // 2, d * 2
    return d // 2 - 1 if x == 1 else index - d


def tree_digest(label, index, payload_digest, left):
    """T(index): left gives the tree digest of an earlier frame; without it every left operand is a zero block (§7.5)."""
    zero = bytes(digest_size(label))

    def operand(frame):
        return zero if left is None or frame < 0 else left(frame)

    value, x, d = payload_digest, index + 1, 1
    while x % 2 == 0:
        value = digest(label, operand(index - d), value)
        d, x = d * 2, x // 2
    return digest(label, operand(d // 2 - 1 if x == 1 else index - d), value)


class Sequence:
    """A file of frames. Reads each frame once, in order."""

    def __init__(self, octets, ring):
        self.octets, self.ring = octets, ring
        self.positions, self.recipients, self.seeds = [], {}, {}
        self.chain, self.trees, self.payload_digests = None, [], []
        self.check = bytes(32)
        self.first = None

    @property
    def type(self):
        return self.first.info.get("ContainerType")

    @property
    def label(self):
        policy = (self.first.header.get("policy") or {}).get("dig")
        return self.first.digest_label or (policy if policy not in (None, "none") else None) or "S512"

    def read(self):
        """Yields report and plaintext (None where it cannot be had) of every frame."""
        for number, frame in enumerate(frames.walk(self.octets)):
            try:
                yield self.read_frame(number, frame)
            except Fault as fault:
                raise Fault(f"frame {number} at {frame.start}: {fault}")

    def records(self, frame):
        contents = [memoryview(self.octets)[start : start + size] for start, size in frame.records]
        if not contents:
            raise Fault("a frame without a header")
        # Frame 0 is always JSON, the others in what it says; one decoder reads both.
        header = decode(contents[0])
        trailer = decode(contents[2]) if len(contents) > 2 and len(contents[2]) else {}
        return Parts(header, trailer), contents[1] if len(contents) > 1 else memoryview(b"")

    def read_frame(self, number, frame):
        parts, body = self.records(frame)
        self.positions.append(frame.start)
        faults = []
        if number == 0:
            self.first = parts
            if self.type not in TYPES:
                faults.append(f"the sequence type {self.type!r} is not known")
        index = parts.info.get("Index", 0 if number == 0 else None)
        # Frames of the flat layout may lack it; they are known by their place.
        is_flat = self.first.info is self.first.header
        if index != number and not (is_flat and index is None):
            faults.append(f"its index is {index}")
        label = parts.digest_label or self.label
        report = {"index": number, "position": frame.start, "length": frame.end - frame.start}
        if parts.info.get("IsMeta"):
            report["isMeta"] = True
        seed, kdf, source = self.seed(number, parts)
        content, plaintext = read_content(parts, body, self.ring, seed, kdf, self.label)
        faults += content.pop("faults", [])
        report.update(content)
        if source is not None:
            report["exchange"] = source
        meta = parts.meta
        for name in ("UniqueId", "Event", "Filename"):
            if meta.get(name) is not None:
                report[name] = meta[name]
        report["chain"] = self.check_chain(label, digest(label, body), parts)
        report["tree"] = self.check_tree(label, number, digest(label, body), parts)
        report["treePosition"] = self.check_position(number, parts)
        report["check"] = self.check_frame(number, frame, body, parts)
        for name in ("chain", "tree", "treePosition", "check"):
            if report[name] == "INVALID":
                faults.append(f"its {name} does not hold")
        self.check_index(parts, number, faults)
        if faults:
            report["faults"] = faults
        self.last_meta = meta
        return report, plaintext

    # Digests

    def check_chain(self, label, payload_digest, parts):
        zero = bytes(digest_size(label))
        linked = digest(label, self.chain or zero, payload_digest)
        unlinked = digest(label, zero, payload_digest)
        is_first, self.chain = self.chain is None, linked
        stated = parts.chain_digest
        if stated is None:
            return "absent"
        if stated == linked:
            return "linked" if not is_first else "either"
        return "unlinked" if stated == unlinked else "INVALID"

    def check_tree(self, label, number, payload_digest, parts):
        linked = tree_digest(label, number, payload_digest, lambda frame: self.trees[frame])
        self.trees.append(linked)
        self.payload_digests.append(payload_digest)
        stated = parts.tree_digest
        if stated is None:
            return "absent"
        modes = [
            name
            for name, value in (
                ("linked", linked),
                ("unlinked", tree_digest(label, number, payload_digest, None)),
                ("unlinked+1", tree_digest(label, number + 1, payload_digest, None)),
            )
            if value == stated
        ]
        if not modes:
            return "INVALID"
        return "either" if modes[:2] == ["linked", "unlinked"] else modes[0]

    def check_position(self, number, parts):
        stated = parts.info.get("TreePosition")
        if number == 0 or (stated is None and self.type not in ("Tree", "Merkle")):
            return "absent" if stated in (None, 0) else "INVALID"
        return "valid" if stated == self.positions[previous_frame(number)] else "INVALID"

    def check_frame(self, number, frame, body, parts):
        """The member FrameCheck, an extension of the package that is checked: SHA-256 over header, trailer and the check before."""
        if self.first.header.get("FrameCheck") != "S256":
            return "absent" if "FrameCheck" not in parts.trailer else "INVALID"
        contents = [self.octets[start : start + size] for start, size in frame.records]
        if len(contents) < 3 or "FrameCheck" not in parts.trailer:
            return "INVALID"
        header, trailer = contents[0], contents[2]
        # The value stands last: 43 characters between quotes, or 32 octets under a tag.
        opening, size = b'"FrameCheck":"', 45
        if not trailer[:-size].endswith(opening):
            opening, size = b"\xb4\x0aFrameCheck\x88\x20", 33
        before = trailer[:-size]
        has_digest = self.type in ("Digest", "Chain", "Merkle")
        label = (parts.digest_label or self.label) if has_digest else "S256"
        self.check = digest(
            "S256", b"mesh frame check 1", self.check, len(header).to_bytes(8, "big"), header,
            len(trailer).to_bytes(8, "big"), before, digest(label, body))
        # There is one way to write the value, and one length of every length.
        value = base64url(self.check).encode() + b'"}' if size == 45 else self.check + b"}"
        shortest = frames.write_frame(contents) == self.octets[frame.start : frame.end]
        return "valid" if trailer == before + value and before.endswith(opening) and shortest else "INVALID"

    def check_index(self, parts, number, faults):
        """An index frame (§7.7): every entry must name a frame before it, at its place."""
        for entry in (parts.header.get("SequenceIndex") or {}).get("Positions") or []:
            index, position = entry.get("Index", 0), entry.get("Position", 0)
            if not isinstance(index, int) or not 0 <= index < number or self.positions[index] != position:
                faults.append(f"its index says frame {index} is at {position}")
        at = parts.info.get("IndexPosition")
        if at is not None and at not in self.positions[:number]:
            faults.append(f"its IndexPosition {at} is no earlier frame")

    # Keys

    def seed(self, number, parts):
        """The base seed of a frame, and the frame whose exchange it comes from (§7.8)."""
        if parts.recipients:
            self.recipients[number] = parts.recipients
        if parts.encryption is None:
            return None, None, None
        for source in self.exchanges(number, parts):
            if source not in self.seeds:
                self.seeds[source] = open_recipients(self.recipients[source], self.ring)
            seed, kdf = self.seeds[source] or (None, None)
            return seed, kdf, source
        return None, None, None

    def exchanges(self, number, parts):
        if parts.recipients:
            yield number
        at = parts.info.get("ExchangePosition")
        if at is not None:
            # The draft says a position in the file, the reference writes the number of a frame.
            for source in (self.positions.index(at) if at in self.positions[:number] else None, at):
                if source in self.recipients and source < number:
                    yield source
            raise Fault(f"its ExchangePosition {at} names no earlier frame with an exchange")
        if 0 in self.recipients:
            yield 0


def verify_sequence(octets, ring, on_content=None):
    """A report on the whole file. on_content(number, meta, plaintext) is called for each frame that can be read."""
    sequence, reports = Sequence(octets, ring), []
    for report, plaintext in sequence.read():
        reports.append(report)
        if on_content and plaintext is not None:
            on_content(report["index"], sequence.last_meta, plaintext)
    if not reports:
        raise Fault("the file has no frame")
    backward = [frame.start for frame in frames.walk_back(octets)]
    faults = [f"frame {report['index']}: {fault}" for report in reports for fault in report.get("faults", [])]
    if backward[::-1] != sequence.positions:
        faults.append("walking back finds other frames")
    info = sequence.first.info
    result = {
        "kind": "sequence", "type": sequence.type, "dataEncoding": info.get("DataEncoding"), "digest": sequence.label,
        "contentType": sequence.first.meta.get("cty"), "policy": sequence.first.header.get("policy"), "count": len(reports),
        "chainModes": modes(reports, "chain"), "treeModes": modes(reports, "tree"), "frames": reports,
    }
    if faults:
        result["faults"] = faults
    return result, sequence


def modes(reports, name):
    return sorted({report[name] for report in reports} - {"either"}) or ["either"]


def strictness(result):
    """What a file of this package must have beyond being valid: every digest its type calls for, linked; every content opened;
    every signature by a known key."""
    wanted = {"Digest": ("payloadDigest",), "Chain": ("payloadDigest", "chain"), "Tree": ("treePosition",),
              "Merkle": ("payloadDigest", "tree", "treePosition")}
    for report in result.get("frames", [result]):
        where = f"frame {report['index']}" if "index" in report else "the envelope"
        for name in wanted.get(result.get("type"), ()):
            if name == "treePosition" and report["index"] == 0:
                continue
            if report[name] not in ("valid", "linked", "either"):
                yield f"{where}: {name} is {report[name]}"
        if report["encrypted"] and "plaintextSHA256" not in report:
            yield f"{where} cannot be opened"
        for signature in report["signatures"]:
            if signature["result"] != "valid":
                yield f"{where}: signature by {signature['kid']}: {signature['result']}"
