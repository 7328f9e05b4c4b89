"""Runs a program that belongs to a terminal of its own, with pipes for its standard input, output and error.

at-terminal.py ANSWER|ctrl-c|signal|nothing PROGRAM ARGUMENT…   what is to be typed at the prompt; standard input goes to the program

The prompt is what ends in ": ". Says in JSON how the program ended, what it wrote, what the terminal showed, and whether the
terminal shows typing again.
"""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios

answer, command = sys.argv[1], sys.argv[2:]
given = sys.stdin.buffer.read()
master, slave = pty.openpty()
usual = termios.tcgetattr(slave)


def belong():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


pipes = [os.pipe() for _ in range(3)]
child = subprocess.Popen(
    command, stdin=pipes[0][0], stdout=pipes[1][1], stderr=pipes[2][1], preexec_fn=belong, pass_fds=[slave])
for descriptor in (pipes[0][0], pipes[1][1], pipes[2][1]):
    os.close(descriptor)
os.write(pipes[0][1], given)
os.close(pipes[0][1])

written = {master: b"", pipes[1][0]: b"", pipes[2][0]: b""}
was_silent = None
outputs = [pipes[1][0], pipes[2][0]]
while outputs:
    for source in select.select([master] + outputs, [], [])[0]:
        octets = os.read(source, 4096)
        written[source] += octets
        if source != master:
            if not octets:
                outputs.remove(source)
        elif was_silent is None and written[master].endswith(b": "):
            was_silent = not termios.tcgetattr(slave)[3] & termios.ECHO
            if answer == "signal":
                child.send_signal(signal.SIGTERM)
            elif answer != "nothing":
                os.write(master, b"\x03" if answer == "ctrl-c" else answer.encode() + b"\r")
status = child.wait()
while select.select([master], [], [], 0)[0]:
    written[master] += os.read(master, 4096)
print(json.dumps({
    "status": status, "output": written[pipes[1][0]].decode(), "errors": written[pipes[2][0]].decode(),
    "terminal": written[master].decode(), "wasSilent": was_silent, "isRestored": termios.tcgetattr(slave) == usual,
}))
