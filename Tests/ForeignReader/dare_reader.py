#!/usr/bin/env python3
"""Reads and verifies DARE files without any code of the package it checks.

    dare_reader.py verify FILE [--keys FILE] [--json] [--strict]   frames, digests, signatures, contents
    dare_reader.py envelope FILE [--keys FILE] [--output FILE]     the same for an envelope, and its content
    dare_reader.py catalog FILE [--keys FILE]                      the objects of a catalog
    dare_reader.py archive FILE [--keys FILE] [--extract DIR]      the files of an archive
    dare_reader.py proof FILE PROOF…                               proofs about a sequence
    dare_reader.py runs FILE ACCOUNT STORE --keys FILE             the signatures of runs of frames
    dare_reader.py vectors FILE…                                   this reader against published vectors

Exit status: 0 if all is well, 1 for any fault, 64 for a wrong command line.
"""

import argparse
import hashlib
import json
import mmap
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from foreign import proofs, runs, stores, vectors  # noqa: E402
from foreign.envelope import verify_envelope  # noqa: E402
from foreign.faults import Fault  # noqa: E402
from foreign.keys import KeyRing  # noqa: E402
from foreign.sequence import strictness, verify_sequence  # noqa: E402


def read(path):
    """The octets of a file, mapped rather than copied."""
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) if os.fstat(file.fileno()).st_size else b""


def key_ring(path):
    if path is None:
        return KeyRing()
    with open(path, encoding="utf-8") as file:
        return KeyRing(json.load(file))


def is_sequence(octets):
    return len(octets) > 0 and 0xF4 <= octets[0] <= 0xF7


def print_report(report, as_json):
    if as_json:
        print(json.dumps(report, indent=2, default=str))
        return
    print(", ".join(f"{name} {value}" for name, value in report.items() if name not in ("frames", "faults", "signatures", "meta", "policy")))
    for frame in report.get("frames", []):
        print("  " + ", ".join(f"{name} {value}" for name, value in frame.items() if name != "faults"))


def finish(report, as_json):
    print_report(report, as_json)
    for fault in report.get("faults", []):
        print(f"fault: {fault}", file=sys.stderr)
    return 1 if report.get("faults") else 0


def verify(options):
    octets, ring = read(options.file), key_ring(options.keys)
    report = verify_sequence(octets, ring)[0] if is_sequence(octets) else verify_envelope(octets, ring)[0]
    if options.strict:
        report["faults"] = report.get("faults", []) + list(strictness(report))
    return finish(report, options.json)


def envelope(options):
    report, plaintext = verify_envelope(read(options.file), key_ring(options.keys))
    if plaintext is None:
        report.setdefault("faults", []).append("no key opens the envelope")
    elif options.output:
        with open(options.output, "wb") as file:
            file.write(plaintext)
    return finish(report, True)


def contents(options):
    found = []
    report, _ = verify_sequence(
        read(options.file), key_ring(options.keys), lambda number, meta, plaintext: found.append((number, meta, plaintext)))
    faults = report.get("faults", [])
    faults += [f"frame {frame['index']} cannot be opened" for frame in report["frames"] if "plaintextSHA256" not in frame]
    return found, faults


def catalog(options):
    found, faults = contents(options)
    objects, more = stores.replay(found)
    listing = [
        {"key": key, "frame": number, "octets": len(plaintext), "sha256": hashlib.sha256(plaintext).hexdigest()}
        for key, (number, plaintext) in sorted(objects.items())
    ]
    return finish({"kind": "catalog", "objects": listing, "faults": faults + more}, True)


def archive(options):
    found, faults = contents(options)
    files = stores.members(found)
    listing = [
        {"path": path, "octets": len(plaintext), "sha256": hashlib.sha256(plaintext).hexdigest()}
        for path, plaintext in sorted(files.items())
        if plaintext is not None
    ]
    if options.extract and not faults:
        stores.extract(files, options.extract)
    return finish({"kind": "archive", "files": listing, "faults": faults}, True)


def check_proofs(options):
    report, sequence = verify_sequence(read(options.file), key_ring(None))
    found = [proofs.check(read(path), sequence) for path in options.proofs]
    return finish({"kind": "proofs", "proofs": found, "faults": report.get("faults", [])}, True)


def check_runs(options):
    octets, ring = read(options.file), key_ring(options.keys)
    faults = verify_sequence(octets, ring)[0].get("faults", [])
    report = runs.check(octets, ring, options.account, options.store)
    return finish({**report, "faults": faults + report["faults"]}, True)


def run_vectors(options):
    status = 0
    for path in options.files:
        passed, failures = vectors.check(path)
        print(f"{os.path.basename(path)}: {passed} passed, {len(failures)} failed")
        for failure in failures:
            print(f"  {failure}", file=sys.stderr)
        status |= bool(failures) or passed == 0
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for function, name in ((verify, "verify"), (envelope, "envelope"), (catalog, "catalog"), (archive, "archive")):
        command = commands.add_parser(name)
        command.set_defaults(run=function)
        command.add_argument("file")
        command.add_argument("--keys", help="a JSON list of PrivateKeyECDH and PublicKeyECDH objects")
        if name == "verify":
            command.add_argument("--json", action="store_true")
            command.add_argument("--strict", action="store_true", help="what this package writes must be linked, opened and signed by known keys")
        if name == "envelope":
            command.add_argument("--output")
        if name == "archive":
            command.add_argument("--extract", help="a new directory")
    command = commands.add_parser("proof")
    command.set_defaults(run=check_proofs)
    command.add_argument("file")
    command.add_argument("proofs", nargs="+")
    command = commands.add_parser("runs")
    command.set_defaults(run=check_runs)
    command.add_argument("file")
    command.add_argument("account", help="the fingerprint of the account's profile")
    command.add_argument("store")
    command.add_argument("--keys", help="a JSON list of PrivateKeyECDH and PublicKeyECDH objects")
    command = commands.add_parser("vectors")
    command.set_defaults(run=run_vectors)
    command.add_argument("files", nargs="+")
    try:
        options = parser.parse_args()
    except SystemExit as error:
        return 64 if error.code else 0
    try:
        return int(options.run(options))
    except (Fault, OSError) as error:
        print(f"fault: {error}", file=sys.stderr)
        return 1
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Members of the wrong type.
        print(f"fault: malformed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
