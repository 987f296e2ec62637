"""What crosses the pipe between the grader and a sandboxed worker: frames, and how much one may hold.

Both ends use this file, and it trusts neither. A message is two lengths of
eight bytes, a header in JSON, and the raw bytes of the arrays that the header
speaks of. Nothing is pickled: `encoder.py` makes a tree of a value, `decoder.py`
checks the tree and makes the value, and `kinds.py` has the recipe of each kind.

Inside the sandbox it is loaded by itself, so that it imports nothing of the package.
"""

import json
import struct
from collections.abc import Mapping

# What both ends have to agree on about the sandbox: the rooms that `worker.py` is made of besides this one, each after
# those that it imports, and the folders that a worker can write to.
WORKER_ROOMS = "kinds", "encoder", "decoder", "namespace", "cells", "shell", "patches"
SCRATCH_FOLDER = "/scratch"  # the one that its cells run in
WRITABLE_FOLDERS = SCRATCH_FOLDER, "/tmp", "/dev/shm"
HELPERS_FOLDER = "/helpers"  # the files of the release, in a sandbox that forks workers

LENGTHS = struct.Struct("<QQ")
MAX_SENT_DEPTH = 40  # how deep a value is sent
MAX_READ_DEPTH = 60  # how deep one is read
MAX_NODES = 100_000  # values in one message, arrays counted as one
MAX_ELEMENTS = 10_000_000  # of all arrays in one message, also where strides make one number look like many
MAX_HEADER_BYTES = 32 << 20  # of one message, less its arrays
MAX_HEADER_PARTS = 20 * MAX_NODES  # of a header's text: an array, or a number of NumPy's, is told in up to twenty
MAX_OUTPUT_CHARACTERS = 5 << 20  # of what one cell shows, pictures included


class Malformed(ValueError):
    """A message that is not what the protocol allows."""


def frame(header: Mapping[str, object], body: bytes = b"") -> bytes:
    """Return a message as bytes; raise Malformed where nobody would read it."""
    text = checked_header(json.dumps(header).encode())
    return LENGTHS.pack(len(text), len(body)) + text + body


def checked_header(text: bytes) -> bytes:
    """Return the text of a header; raise Malformed where reading it would take too much: objects take sixty times its memory."""
    if len(text) > MAX_HEADER_BYTES or sum(map(text.count, (b",", b"[", b"{"))) > MAX_HEADER_PARTS:
        raise Malformed("the answer holds too many values")
    return text
