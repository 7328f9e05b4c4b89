"""A second device in Python, through ctypes: see device.c.

device.py LIBRARY HEADER request HOME PORTAL ACCOUNT PIN
device.py LIBRARY HEADER use HOME PORTAL ACCOUNT KEY
"""
import ctypes
import json
import re
import sys

library_path, header, step, home, portal, account, last = sys.argv[1:]
CODE = {name: int(value) for name, value in re.findall(r"#define MESH_(\w+) (-?\d+)", open(header).read())}
OK, CONFLICT = CODE["OK"], CODE["CONFLICT"]
library = ctypes.CDLL(library_path)
HANDLE, TEXT, SIZE = ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t
ROOM, COUNT = [ctypes.c_void_p, SIZE, ctypes.POINTER(SIZE)], ctypes.POINTER(SIZE)


def declare(name, *types):
    getattr(library, name).argtypes = types
    getattr(library, name).restype = ctypes.c_int


declare("mesh_open", TEXT, TEXT, TEXT, TEXT, ctypes.POINTER(HANDLE))
declare("mesh_close", HANDLE)
declare("mesh_last_error", HANDLE, *ROOM)
declare("mesh_request_connection", HANDLE, TEXT, TEXT, TEXT)
declare("mesh_poll_connection", HANDLE, TEXT)
declare("mesh_get_profile", HANDLE, *ROOM)
declare("mesh_sync", HANDLE, COUNT)
declare("mesh_list_keys", HANDLE, TEXT, *ROOM)
declare("mesh_get_entry", HANDLE, TEXT, TEXT, *ROOM, *ROOM)
declare("mesh_update_entry", HANDLE, TEXT, TEXT, TEXT)
declare("mesh_remove_entry", HANDLE, TEXT, TEXT, TEXT)
declare("mesh_list_values", HANDLE, TEXT, TEXT, TEXT, *ROOM)
declare("mesh_get_value", HANDLE, TEXT, TEXT, TEXT, TEXT, *ROOM, *ROOM)
declare("mesh_put_value", HANDLE, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT)
declare("mesh_remove_value", HANDLE, TEXT, TEXT, TEXT, TEXT, TEXT)


def expect(name, wanted, *arguments):
    code = getattr(library, name)(*arguments)
    if code != wanted:
        words = ctypes.create_string_buffer(2048)
        library.mesh_last_error(arguments[0], words, len(words), None)
        sys.exit(f"{name} gives {code}, not {wanted}: {words.value.decode()}")


def text(name, *arguments):
    """Asks how much is needed, then for that much."""
    needed = SIZE()
    expect(name, CODE["BUFFER_TOO_SMALL"], *arguments, None, 0, ctypes.byref(needed))
    room = ctypes.create_string_buffer(needed.value)
    expect(name, OK, *arguments, room, needed, None)
    return json.loads(room.value)


def get(context, key):
    content, version = ctypes.create_string_buffer(4096), ctypes.create_string_buffer(256)
    expect("mesh_get_entry", OK, context, b"Credential", key, content, 4096, None, version, 256, None)
    return json.loads(content.value), version.value


opened = HANDLE()
assert library.mesh_open(home.encode(), b"files-clear", portal.encode(), None, ctypes.byref(opened)) == OK
context = opened.value
if step == "request":
    expect("mesh_request_connection", OK, context, account.encode(), None, last.encode())
    expect("mesh_poll_connection", CODE["PENDING"], context, account.encode())
    expect("mesh_close", OK, context)
    print("requested")
    sys.exit(0)

key = last.encode()
expect("mesh_poll_connection", OK, context, account.encode())
expect("mesh_sync", OK, context, None)
assert text("mesh_get_profile", context)["Accounts"] == [account]
assert last in text("mesh_list_keys", context, b"Credential")
entry, version = get(context, key)
assert entry["CatalogedCredential"]["Password"] == "first-secret"
entry["CatalogedCredential"]["Password"] = "third-secret"
changed = json.dumps(entry).encode()
expect("mesh_update_entry", OK, context, b"Credential", changed, version)
expect("mesh_update_entry", CONFLICT, context, b"Credential", changed, version)
expect("mesh_sync", OK, context, None)
assert get(context, key)[0] == entry


# Values of an application of its own: where they are, its name and the rights say.
NOTES = (b"com.example.notes", b"notes", None)


def get_value(place, key):
    content, version = ctypes.create_string_buffer(4096), ctypes.create_string_buffer(256)
    expect("mesh_get_value", OK, context, *place, key, content, 4096, None, version, 256, None)
    return json.loads(content.value), version.value


assert text("mesh_list_values", context, *NOTES) == ["a/b"]
value, version = get_value(NOTES, b"a/b")
assert value == {"n": 1}
expect("mesh_put_value", OK, context, *NOTES, b"a/b", json.dumps({"n": 2}).encode(), version)
expect("mesh_put_value", CONFLICT, context, *NOTES, b"a/b", b"3", version)
expect("mesh_remove_value", CONFLICT, context, *NOTES, b"a/b", version)
expect("mesh_put_value", CODE["ALREADY_EXISTS"], context, *NOTES, b"a/b", b"3", b"")
own = ["\u20ac", 1.5, None, {"a": [True]}]
expect("mesh_put_value", OK, context, *NOTES, b"own", json.dumps(own).encode(), b"")
assert get_value(NOTES, b"own")[0] == own
expect("mesh_remove_value", OK, context, *NOTES, b"own", None)
FIXED = (b"com.example.notes", b"notes", b"administrator")
assert get_value(FIXED, b"fixed")[0] == 7
expect("mesh_put_value", CODE["NOT_PERMITTED"], context, *FIXED, b"fixed", b"8", None)
expect("mesh_list_values", CODE["NOT_PERMITTED"], context, b"com.example.notes", b"other", None, None, 0, None)
for wrong in ((None, b"notes", None), (b"a/b", b"notes", None), (b"a", b"No", None), (b"a", b"notes", b"")):
    expect("mesh_list_values", CODE["INVALID_ARGUMENT"], context, *wrong, None, 0, None)
expect("mesh_put_value", CODE["INVALID_TEXT"], context, *NOTES, b"k", b'"\xff"', None)
expect("mesh_put_value", CODE["INVALID_ENTRY"], context, *NOTES, b"k", b"{", None)
expect("mesh_put_value", CODE["TOO_LONG"], context, *NOTES, b"k" * 1025, b"1", None)
expect("mesh_put_value", CODE["TOO_LONG"], context, *NOTES, b"k", b"[" * 10_000_000, None)
expect("mesh_sync", OK, context, None)

expect("mesh_get_entry", CODE["NOT_FOUND"], context, b"Credential", b"nowhere", None, 0, None, None, 0, None)
for name in (None, b"", b"credential", b"Device"):
    expect("mesh_get_entry", CODE["INVALID_ARGUMENT"], context, name, key, None, 0, None, None, 0, None)
expect("mesh_get_entry", CODE["INVALID_TEXT"], context, b"Credential", b"\xff", None, 0, None, None, 0, None)
expect("mesh_remove_entry", CODE["TOO_LONG"], context, b"Credential", b"k" * 10_000_000, None)
expect("mesh_update_entry", CODE["TOO_LONG"], context, b"Credential", b"[" * 10_000_000, None)
expect("mesh_update_entry", CODE["INVALID_ENTRY"], context, b"Credential", b"[" * CODE["LONGEST_CONTENT"], None)
for wrong in (0, 1, context ^ 1, 2**64 - 1):
    expect("mesh_sync", CODE["INVALID_HANDLE"], wrong, None)
expect("mesh_close", OK, context)
expect("mesh_close", CODE["INVALID_HANDLE"], context)
expect("mesh_get_entry", CODE["INVALID_HANDLE"], context, b"Credential", key, None, 0, None, None, 0, None)
print("used")
