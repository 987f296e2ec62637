"""Submissions that cost more than a submission may, or seem to, each with the score and the state that are fair.

All of them is read, judged and shown in a process of that submission. `test_walls.py` grades them in every sandbox.
"""

import base64
import os
import struct
import zlib

import nbformat
from answers import EXERCISES
from corpus import NAME, Case, blank, code, edited, save

COSTLY = []


def right(name):
    """A submission with right answers that a function changes."""

    def keep(change):
        COSTLY.append(edited("costly", name, 30, change, EXERCISES))
        return change

    return keep


def file(name, score=30, status="graded"):
    """What lies in the folder of the submission."""

    def keep(write):
        COSTLY.append(Case("costly", name, score, write, status))
        return write

    return keep


def with_words(name, words, **fields):
    """A right notebook with a cell of words."""

    @right(name)
    def _(notebook):
        notebook.cells.append(nbformat.v4.new_markdown_cell(words, id="words", **fields))


def with_outputs(name, make):
    """A right notebook with outputs below its first cells, as an editor saved them."""

    @right(name)
    def _(notebook):
        for cell, output in zip(notebook.cells[2:], make()):
            cell.outputs = output


def printed(text):
    return nbformat.v4.new_output("stream", text=text)


def drawn(width, height):
    """The beginning of a picture, which says how large it is."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return base64.b64encode(data).decode()


PICTURE = {"image/png": base64.b64encode(b"\x89PNG" + bytes(75_000)).decode()}
with_words("1,100 pictures of one attachment", "![a](attachment:a)" * 1_100, attachments={"a": PICTURE})
with_words(
    "10,000 attachments", "![a](attachment:7)", attachments={str(n): {"image/png": "iVBOR"} for n in range(10_000)}
)
with_words("6,000 formulas", "$x_1^2$ " * 6_000)
with_words("a formula without an end", "$" + "{\\frac{1}" * 3_000 + "$")
with_words("100,000 brackets", "[" * 100_000)
with_words("100,000 stars", "*a " * 30_000)
with_words("10,000 lists in each other", "- " * 10_000)
with_words("5,000 quotations in each other", "> " * 5_000 + "a")
with_words("a table of 5,000 columns", "|a" * 5_000 + "|\n" + "|-" * 5_000 + "|\n" + "|b" * 5_000 + "|")
with_outputs(
    "a colour that stops in the middle", lambda: [[printed("\x1b[38mhello"), printed("\x1b[48;5m"), printed("\x1b[")]]
)
with_outputs("45 outputs full of colours", lambda: [[printed("\x1b[1mx\x1b[m" * 2_500)] * 9] * 5)
with_outputs("100,000 short outputs", lambda: [[printed("x\n")] * 100_000])
with_outputs(
    "a picture of 50,000 by 50,000",
    lambda: [[nbformat.v4.new_output("display_data", data={"image/png": drawn(50_000, 50_000)})]],
)
with_outputs(
    "a picture in 20 MB of HTML",
    lambda: [
        [
            nbformat.v4.new_output(
                "display_data", data={"text/html": "<b>" * (7 << 20) + "<img src='data:image/png;base64,'>"}
            )
        ]
    ],
)


@right("code that takes long to colour")
def _(notebook):
    notebook.cells += [code("'" * 20_000), code("f'{" * 5_000), code("(" * 20_000), code("\\\n" * 10_000)]


@file("45 MB of nothing", score=0, status="failed")
def _(folder):
    (folder / NAME).write_bytes(b'{"nbformat":4,"metadata":{"a":[' + b"{}," * (15 << 20) + b'{}]},"cells":[]}')


@file("a folder that is a link to itself", score=0, status="missing")
def _(folder):
    folder.rmdir()
    folder.symlink_to(folder.name)


@file("a folder that is a link to nowhere", score=0, status="missing")
def _(folder):
    folder.rmdir()
    folder.symlink_to("nowhere")


@file("folders that link to each other")
def _(folder):
    save(blank(EXERCISES), folder)
    (folder / "here").symlink_to("there")
    (folder / "there").symlink_to("here")
    (folder / "above").symlink_to("..")


@file("1,500 folders in each other")
def _(folder):
    save(blank(EXERCISES), folder)
    here = os.open(folder, os.O_DIRECTORY)
    for _ in range(1_500):
        os.mkdir("a", dir_fd=here)
        above, here = here, os.open("a", os.O_DIRECTORY, dir_fd=here)
        os.close(above)
    os.close(here)


@file("20,000 files")
def _(folder):
    save(blank(EXERCISES), folder)
    for number in range(20_000):
        os.mknod(folder / f"data-{number}")


@file("a pipe in the notebook's place", score=0, status="missing")
def _(folder):
    os.mkfifo(folder / NAME)


@file("a device in the notebook's place", score=0, status="missing")
def _(folder):
    (folder / NAME).symlink_to("/dev/zero")


@file("a folder in the notebook's place", score=0, status="missing")
def _(folder):
    (folder / NAME).mkdir()
