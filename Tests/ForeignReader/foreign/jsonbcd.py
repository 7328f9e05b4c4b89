"""JSON, JSON-B, JSON-C and JSON-D values (draft-hallambaker-jsonbcd-21).

Python's own types stand for the values; bytes for a binary item, and Opaque for the numbers that Python does not have.
"""

import base64
import binascii
import re
import struct

from .faults import Fault

MAXIMUM_DEPTH = 200
SPACE = b" \t\r\n"
NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
LENGTH_SIZES = (1, 2, 4, 8)
OPAQUE = {0x94: ("binary128", 16), 0x95: ("intel80", 10), 0x96: ("decimal32", 4), 0x97: ("decimal64", 8), 0x98: ("decimal128", 16)}
FLOATS = {0x90: (">e", 2), 0x91: (">f", 4), 0x92: (">d", 8)}


class Opaque:
    """A number that is kept as its octets."""

    def __init__(self, kind, octets):
        self.kind, self.octets = kind, octets


class Decoder:
    """Reads values from octets, one after another; codes stay defined for the whole of them."""

    def __init__(self, octets, position=0):
        self.octets, self.position = bytes(octets), position
        self.codes = {}

    def fail(self, reason):
        raise Fault(f"{reason} at octet {self.position}")

    def take(self, count):
        if count > len(self.octets) - self.position:
            self.fail(f"{count} octets are claimed where {len(self.octets) - self.position} are left")
        start = self.position
        self.position += count
        return self.octets[start : self.position]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def skip_space(self):
        while self.position < len(self.octets) and self.octets[self.position] in SPACE:
            self.position += 1

    def peek(self):
        if self.position >= len(self.octets):
            self.fail("the input ends")
        return self.octets[self.position]

    def at_end(self):
        self.skip_space()
        return self.position == len(self.octets)

    def define_codes(self):
        """Reads the code definitions that stand here (xC4 to xC6)."""
        self.skip_space()
        while self.position < len(self.octets) and 0xC4 <= self.octets[self.position] <= 0xC6:
            code = self.number(LENGTH_SIZES[self.number(1) & 3])
            self.codes[code] = self.item()
            self.skip_space()

    def item(self):
        """One string or binary item, in one chunk or several."""
        self.skip_space()
        tag = self.peek()
        if not 0x80 <= tag <= 0x8F:
            self.fail(f"octet {tag:02x} where a string or binary item is called for")
        is_binary, chunks = tag >= 0x88, []
        while True:
            tag = self.peek()
            if not 0x80 <= tag <= 0x8F or (tag >= 0x88) != is_binary:
                self.fail("the next chunk is of another kind")
            self.position += 1
            chunks.append(self.take(self.number(LENGTH_SIZES[tag & 3])))
            if not tag & 4:
                break
        whole = b"".join(chunks)
        return whole if is_binary else self.utf8(whole)

    def utf8(self, octets):
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            self.fail("octets that are no UTF-8")

    def code(self, tag):
        """The item of a code that is used (xC0), or defined and used (xC8)."""
        code = self.number(LENGTH_SIZES[tag & 3])
        if tag >= 0xC8:
            self.codes[code] = self.item()
        if code not in self.codes:
            self.fail(f"code {code} is not defined")
        return self.codes[code]

    def value(self, depth=0):
        if depth > MAXIMUM_DEPTH:
            self.fail("the nesting is too deep")
        self.define_codes()
        tag = self.peek()
        if tag < 0x80:
            return self.text_value(tag, depth)
        if tag <= 0x8F:
            return self.item()
        self.position += 1
        if tag in FLOATS:
            form, size = FLOATS[tag]
            return float(struct.unpack(form, self.take(size))[0])
        if tag in OPAQUE:
            kind, size = OPAQUE[tag]
            return Opaque(kind, self.take(size))
        if tag in (0xA0, 0xA1, 0xA2, 0xA3, 0xA4):
            return self.number(1 << (tag - 0xA0))
        if tag in (0xA8, 0xA9, 0xAA, 0xAB, 0xAC):
            return -self.number(1 << (tag - 0xA8))
        if tag in (0xA7, 0xAF):
            return self.number(self.number(2)) * (1 if tag == 0xA7 else -1)
        if tag in (0xB0, 0xB1, 0xB2):
            return (True, False, None)[tag - 0xB0]
        if tag in (0xC0, 0xC1, 0xC2, 0xC8, 0xC9, 0xCA):
            return self.code(tag)
        self.position -= 1
        self.fail(f"tag {tag:02x} stands for no value")

    def text_value(self, first, depth):
        if first == ord("{"):
            return self.object(depth)
        if first == ord("["):
            return self.array(depth)
        if first == ord('"'):
            return self.text_string()
        for word, value in ((b"true", True), (b"false", False), (b"null", None)):
            if self.octets.startswith(word, self.position):
                self.position += len(word)
                return value
        match = NUMBER.match(self.octets, self.position)
        if not match:
            self.fail("no value")
        self.position = match.end()
        return float(match[0]) if match[2] or match[3] else int(match[0])

    def text_string(self):
        """A string in quotes. Control characters may stand in it: the reference breaks long ones over lines."""
        self.position += 1
        parts = []
        while True:
            end = self.position
            while end < len(self.octets) and self.octets[end] not in b'"\\':
                end += 1
            parts.append(self.utf8(self.octets[self.position : end]))
            self.position = end
            if self.number(1) == ord('"'):
                text = "".join(parts)
                # Surrogates come in pairs, each an escape of its own.
                try:
                    return text.encode("utf-16", "surrogatepass").decode("utf-16")
                except UnicodeDecodeError:
                    self.fail("half a surrogate pair")
            escape = chr(self.number(1))
            if escape == "u":
                digits = self.take(4)
                if not re.fullmatch(rb"[0-9a-fA-F]{4}", digits):
                    self.fail("an escape without four digits")
                parts.append(chr(int(digits, 16)))
            elif escape in '"\\/bfnrt':
                parts.append(dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t'))[escape])
            else:
                self.fail("an unknown escape")

    def separator(self, closer, is_first, last_was_text):
        """Whether another element follows. A comma is wanted after a text or number in JSON, and may stand elsewhere."""
        self.skip_space()
        if self.peek() == ord(closer):
            self.position += 1
            return False
        if not is_first:
            if self.peek() == ord(","):
                self.position += 1
                self.define_codes()
                if self.peek() == ord(closer):
                    self.fail("a comma before the end")
            elif last_was_text:
                self.fail("a comma is missing")
        return True

    def array(self, depth):
        self.position += 1
        elements, was_text = [], False
        while self.separator("]", not elements, was_text):
            self.define_codes()
            was_text = self.peek() < 0x80 and self.peek() not in b"{["
            elements.append(self.value(depth + 1))
        return elements

    def object(self, depth):
        self.position += 1
        members, was_text = {}, False
        while self.separator("}", not members, was_text):
            self.define_codes()
            name = self.name()
            self.define_codes()
            was_text = self.peek() < 0x80 and self.peek() not in b"{["
            if name in members:
                self.fail(f"a second member {name!r}")
            members[name] = self.value(depth + 1)
        return members

    def name(self):
        tag = self.peek()
        if tag == ord('"'):
            name = self.text_string()
            self.skip_space()
            if self.number(1) != ord(":"):
                self.fail("a colon is missing")
            return name
        if 0xB4 <= tag <= 0xB7:
            self.position += 1
            name = self.utf8(self.take(self.number(LENGTH_SIZES[tag & 3])))
        elif 0x80 <= tag <= 0x87:
            name = self.item()
        elif tag in (0xC0, 0xC1, 0xC2, 0xC8, 0xC9, 0xCA):
            self.position += 1
            name = self.code(tag)
        else:
            self.fail("a member without a name")
        if not isinstance(name, str):
            self.fail("a name that is no string")
        self.skip_space()
        if self.position < len(self.octets) and self.octets[self.position] == ord(":"):
            self.position += 1
        return name


def decode(octets):
    """The one value that the octets are."""
    octets = bytes(octets)
    decoder = Decoder(octets, 3 if octets.startswith(b"\xef\xbb\xbf") else 0)
    value = decoder.value()
    if not decoder.at_end():
        decoder.fail("something follows the value")
    return value


def decode_stream(octets):
    """The values that stand one after another in the octets."""
    decoder, values = Decoder(octets), []
    decoder.define_codes()
    while not decoder.at_end():
        values.append(decoder.value())
        decoder.define_codes()
    return values


def binary(value, what="a binary member"):
    """A binary member: an item, or base64 text with or without padding, in either alphabet, with white space."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if not isinstance(value, str):
        raise Fault(f"{what} is neither binary nor text")
    text = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Fault(f"{what} is no base64url")


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def tagged(base, octets):
    """A string (x80) or binary (x88) item in the shortest form."""
    for bits, size in enumerate(LENGTH_SIZES):
        if len(octets) < 1 << (8 * size):
            return bytes([base + bits]) + len(octets).to_bytes(size, "big") + octets
    raise Fault("a length of more than 64 bits")


def encode(value):
    """The shortest JSON-B form, without separators."""
    if value is None:
        return b"\xb2"
    if isinstance(value, bool):
        return b"\xb0" if value else b"\xb1"
    if isinstance(value, int):
        base, magnitude = (0xA0, value) if value >= 0 else (0xA8, -value)
        for bits, size in enumerate(LENGTH_SIZES):
            if magnitude < 1 << (8 * size):
                return bytes([base + bits]) + magnitude.to_bytes(size, "big")
        size = (magnitude.bit_length() + 7) // 8
        return bytes([base + 7]) + size.to_bytes(2, "big") + magnitude.to_bytes(size, "big")
    if isinstance(value, float):
        return b"\x92" + struct.pack(">d", value)
    if isinstance(value, str):
        return tagged(0x80, value.encode())
    if isinstance(value, bytes):
        return tagged(0x88, value)
    if isinstance(value, list):
        return b"[" + b"".join(map(encode, value)) + b"]"
    return b"{" + b"".join(encode(name) + encode(member) for name, member in value.items()) + b"}"
