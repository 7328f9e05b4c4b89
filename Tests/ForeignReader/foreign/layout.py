"""The text of headers as the reference lays it out, which fixes the byte positions of published sequences (jsonbcd §5)."""

import json

from . import frames
from .jsonbcd import base64url

ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}


def text_of(value, level=0, name=""):
    indent = "\n" + "  " * (level + 1)
    if isinstance(value, dict):
        if not value:
            return "{}"
        members = (f"{indent}{text_of(key)}: {text_of(member, level + 1, key)}" for key, member in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + f",{indent}".join(text_of(element, level + 1) for element in value) + "]"
    if isinstance(value, bytes):
        return '"' + broken(base64url(value), 62 - (4 + len(name))) + '"'
    if isinstance(value, str):
        return '"' + "".join(ESCAPES.get(letter) or (letter if letter >= " " else f"\\u{ord(letter):04X}") for letter in value) + '"'
    return json.dumps(value)


def broken(text, first):
    """Base64 in lines: the first shorter by the name before it, the later ones of 62 characters."""
    lines, rest = [text[:first]], text[first:]
    while rest:
        lines.append(rest[:62])
        rest = rest[62:]
    return "\n  ".join(lines)


def payload(length):
    """The payload of the published examples: 00 01 02 and so on."""
    return (bytes(range(256)) * (length // 256 + 1))[:length]


def lay_out(given):
    """A file of frames with these headers, payloads and trailers; where they start, and how long their records are."""
    octets, positions, lengths = b"", [], []
    for frame in given:
        records = [text_of(frame["header"]).encode(), payload(frame["payloadLength"])]
        if frame.get("emptyTrailer"):
            records.append(b"")
        elif "trailer" in frame:
            records.append(text_of(frame["trailer"]).encode())
        positions.append(len(octets))
        lengths.append([len(record) for record in records])
        octets += frames.write_frame(records)
    return octets, {"positions": positions, "recordLengths": lengths}
