"""Catalogs and archives over sequences (dare §8, §10)."""

import os

from .faults import Fault


def replay(contents):
    """The state of a catalog: contents are (frame number, meta, plaintext). Objects by key, and the faults in their order."""
    objects, faults = {}, []
    for number, meta, plaintext in contents:
        event = meta.get("Event")
        if number == 0 or event is None:
            continue
        key = meta.get("UniqueId")
        if key is None:
            faults.append(f"frame {number} has an event and no UniqueId")
            continue
        if (event in ("New", "Add")) == (key in objects):
            faults.append(f"frame {number} says {event} of {key!r}, which is {'there' if key in objects else 'not there'}")
        if event in ("New", "Add", "Update"):
            objects[key] = (number, plaintext)
        elif event in ("Delete", "Erase"):
            objects.pop(key, None)
        else:
            faults.append(f"frame {number} has the unknown event {event!r}")
    return objects, faults


def member_path(meta):
    """The path of an archive member, its separators those of POSIX; refused if it leads elsewhere."""
    entry = meta.get("FileEntry") or {}
    paths = meta.get("Paths") or []
    path = meta.get("UniqueId") or entry.get("Path") or meta.get("Filename") or (paths[0] if paths else None)
    if not isinstance(path, str) or not path:
        raise Fault("a member without a path")
    path = path.replace("\\", "/")
    steps = path.split("/")
    if path.startswith("/") or "\0" in path or ".." in steps or "" in steps or "." in steps or (len(path) > 1 and path[1] == ":"):
        raise Fault(f"the path {path!r} leads out of the archive")
    return path


def members(contents):
    """The files of an archive: the last content under each path, None for a directory."""
    files = {}
    for number, meta, plaintext in contents:
        if number == 0 or not (meta.get("FileEntry") or meta.get("Filename") or meta.get("Paths") or meta.get("Event")):
            continue
        path = member_path(meta)
        if meta.get("Event") in ("Delete", "Erase"):
            files.pop(path, None)
        else:
            # The bits are those of Windows.
            is_directory = (meta.get("FileEntry") or {}).get("Attributes", 0) & 0x10
            files[path] = None if is_directory else plaintext
    return files


def extract(files, directory):
    os.mkdir(directory)
    for path, plaintext in files.items():
        place = os.path.join(directory, path)
        if plaintext is None:
            os.makedirs(place, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "xb") as file:
            file.write(plaintext)
