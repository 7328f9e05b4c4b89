"""Inclusion and consistency proofs, as the documentation of the package's formats says they are verified."""

from .faults import Fault
from .headers import digest, digest_size
from .jsonbcd import binary, decode
from .sequence import previous_frame, tree_digest


def operands(index):
    """The frames whose tree digests are hashed into that of a frame, in their order; None for the block of zeros."""
    frames, step = [], 1
    while (index + 1) % (2 * step) == 0:
        frames.append(index - step)
        step *= 2
    previous = previous_frame(index)
    return frames + [previous if previous >= 0 else None]


def way(top, bottom):
    """The steps from frame top down to frame bottom: the frame that is left, and the place of the operand that is taken."""
    steps, frame = [], top
    while frame > bottom:
        candidates = operands(frame)
        place = max(r for r, operand in enumerate(candidates) if operand is not None and operand >= bottom)
        steps.append((frame, place))
        frame = candidates[place]
    return steps


def lefts_of(steps):
    return {operand for frame, place in steps for operand in operands(frame)[place + 1 :] if operand is not None}


def climb(label, value, steps, rights, lefts):
    """The tree digest at the top of the way, from that at its bottom."""
    if len(rights) != len(steps):
        raise Fault(f"the proof has {len(rights)} digests for a way of {len(steps)} steps")
    zero = bytes(digest_size(label))
    for (frame, place), right in zip(reversed(steps), rights):
        value = digest(label, value, right)
        for operand in operands(frame)[place + 1 :]:
            value = digest(label, zero if operand is None else lefts[operand], value)
    return value


class Proof:
    def __init__(self, octets):
        value = decode(octets)
        (self.kind, members), = value.items()
        self.members = members
        self.label = members.get("dig") or "S512"
        self.index, self.apex = members["Index"], members["Apex"]
        self.rights = self.digests("Path")

    def digests(self, name):
        """The digests of a member, which stand one after the other."""
        octets = binary(self.members.get(name, ""), f"the member {name} of the proof")
        size = digest_size(self.label)
        if len(octets) % size:
            raise Fault(f"the member {name} of the proof does not consist of digests")
        return [octets[start : start + size] for start in range(0, len(octets), size)]

    def check_inclusion(self, payload_digest, apex_digest):
        steps = way(self.apex, self.index)
        frames = sorted(lefts_of(steps) | {operand for operand in operands(self.index) if operand is not None})
        given = self.digests("Left")
        if len(given) != len(frames):
            raise Fault(f"the proof has {len(given)} digests on the left, where {len(frames)} are needed")
        lefts = dict(zip(frames, given))
        own = tree_digest(self.label, self.index, payload_digest, lambda frame: lefts[frame])
        if climb(self.label, own, steps, self.rights, lefts) != apex_digest:
            raise Fault("the proof does not hold")

    def check_consistency(self, old_digest, new_digest):
        steps, lefts = way(self.apex, self.index), {}
        wanted = lefts_of(steps)
        if wanted:
            chain = [self.index]
            while chain[-1] > min(wanted):
                chain.append(previous_frame(chain[-1]))
            given = self.digests("Chain")
            if len(given) != len(chain) - 1:
                raise Fault("the chain of the proof has another length")
            (lefts[chain[-1]],) = self.digests("Base")
            for frame, below, last in reversed(list(zip(chain, chain[1:], given))):
                lefts[frame] = digest(self.label, lefts[below], last)
            if lefts[self.index] != old_digest:
                raise Fault("the proof is not about the earlier checkpoint")
        elif "Base" in self.members or "Chain" in self.members:
            raise Fault("the proof has digests that it does not need")
        if climb(self.label, old_digest, steps, self.rights, lefts) != new_digest:
            raise Fault("the proof does not hold")


def check(octets, sequence):
    """Checks a proof about a sequence that was read: its digests are computed from its payloads alone."""
    proof = Proof(octets)
    if not 0 <= proof.index <= proof.apex < len(sequence.trees):
        raise Fault("the proof is about frames that the sequence does not have")
    if proof.kind == "InclusionProof":
        proof.check_inclusion(sequence.payload_digests[proof.index], sequence.trees[proof.apex])
    elif proof.kind == "ConsistencyProof":
        proof.check_consistency(sequence.trees[proof.index], sequence.trees[proof.apex])
    else:
        raise Fault(f"a proof of the unknown kind {proof.kind!r}")
    return {"kind": proof.kind, "index": proof.index, "apex": proof.apex, "octets": len(octets)}
