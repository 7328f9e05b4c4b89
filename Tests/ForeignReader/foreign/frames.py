"""JBCD frames and records (jsonbcd §7): a run of bidirectional frames, walked from either end."""

from .faults import Fault

LENGTH_SIZES = (1, 2, 4, 8)


class Frame:
    """Where a frame starts and ends in the file, and where its records are."""

    def __init__(self, start, end, records):
        self.start, self.end, self.records = start, end, records


def head(octets, position, low, what):
    """Reads a tag from low to low + 3 and its length: where the content starts, and how long it is."""
    tag = octets[position]
    if not low <= tag <= low + 3:
        raise Fault(f"octet {tag:02x} at {position} where {what} should start")
    size = LENGTH_SIZES[tag & 3]
    if len(octets) - position - 1 < size:
        raise Fault(f"{what} at {position} is cut off in its length")
    content = position + 1 + size
    return content, int.from_bytes(octets[position + 1 : content], "big")


def read_frame(octets, position):
    """The frame that starts at position, its mirror checked."""
    content, length = head(octets, position, 0xF4, "a frame")
    around = content - position
    if length > len(octets) - content - around:
        raise Fault(f"the frame at {position} claims {length} octets, more than are left")
    end = content + length
    if bytes(octets[end : end + around]) != bytes(octets[position:content])[::-1]:
        raise Fault(f"the tail of the frame at {position} is not the mirror of its head")
    records, place = [], content
    while place < end:
        start, size = head(octets, place, 0xF0, "a record")
        if size > end - start:
            raise Fault(f"a record at {place} runs out of its frame")
        records.append((start, size))
        place = start + size
    if len(records) > 3:
        raise Fault(f"the frame at {position} has {len(records)} records")
    return Frame(position, end + around, records)


def start_of_last(octets, end):
    """Where the frame that ends at end starts, by its tail alone."""
    tag = octets[end - 1]
    if not 0xF4 <= tag <= 0xF7:
        raise Fault(f"octet {tag:02x} at {end - 1} where a frame should end")
    size = LENGTH_SIZES[tag & 3]
    if end < 1 + size:
        raise Fault("the file is too short for the tail of a frame")
    length = int.from_bytes(bytes(octets[end - 1 - size : end - 1])[::-1], "big")
    start = end - 2 * (1 + size) - length
    if start < 0:
        raise Fault(f"the frame that ends at {end} would start before the file")
    return start


def walk(octets):
    """All frames, first to last."""
    position = 0
    while position < len(octets):
        frame = read_frame(octets, position)
        yield frame
        position = frame.end


def walk_back(octets):
    """All frames, last to first."""
    end = len(octets)
    while end > 0:
        frame = read_frame(octets, start_of_last(octets, end))
        if frame.end != end:
            raise Fault(f"the tail at {end} is not that of the frame at {frame.start}")
        yield frame
        end = frame.start


def item(base, content):
    for bits, size in enumerate(LENGTH_SIZES):
        if len(content) < 1 << (8 * size):
            return bytes([base + bits]) + len(content).to_bytes(size, "big")
    raise Fault("a length of more than 64 bits")


def write_frame(records):
    """A frame of these records, in the shortest forms (the vectors ask for it)."""
    content = b"".join(item(0xF0, record) + record for record in records)
    before = item(0xF4, content)
    return before + content + before[::-1]
