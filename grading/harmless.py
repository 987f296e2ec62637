"""Makes what students wrote harmless for whoever reads it: text that nothing obeys, and pictures that were decoded and checked."""

import base64
import binascii
import html
import io
import posixpath
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from PIL import Image

MAX_TEXT = 20_000  # characters of one cell, and of its outputs together, that are shown
PICTURE_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
MAX_PICTURE_CHARACTERS = 6 << 20  # characters of all pictures of a notebook: one may be asked for again and again
MAX_PIXELS = 40_000_000  # of all pictures of a notebook: a small file can hold more than a browser's memory
# What a terminal or a browser would obey: controls, what turns a text around, halves of characters, private signs.
CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]"
)
ESCAPE_SEQUENCES = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")


def harmless_text(value: object, most: int = MAX_TEXT) -> str:
    """Return a text, or the lines of one, without colours and with nothing that a terminal or a browser would obey."""
    text = whole_text(value)
    left_out = f"\n... and {len(text) - most} characters more, which are too many to be shown"
    return without_controls(ESCAPE_SEQUENCES.sub("", text[:most])) + left_out * (len(text) > most)


def without_controls(text: str) -> str:
    """Return a text in which a mark stands for each sign that a terminal or a browser would obey."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", lines)


def whole_text(value: object) -> str:
    """Return what a notebook holds as one text or as a list of lines; an empty one for all else."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


# ---------------------------------------------------------------------------- pictures


@dataclass
class Pictures:
    """The pictures of one notebook, as far as there is room for them.

    Attributes
    ----------
    files : dict of str to bytes
        What lies beside the notebook, by its path.
    characters, pixels : int
        Characters and pixels that there is still room for.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    characters: int = MAX_PICTURE_CHARACTERS
    pixels: int = MAX_PIXELS

    def address_of(self, address: str, attachments: object) -> str:
        """Return an address that holds all of the picture at another one; an empty text where there is none, or no room."""
        kind, _, name = address.partition(":")
        if kind == "data":
            return self.data_address(address)
        if kind == "attachment":
            attached = attachments.get(unquote(name)) if isinstance(attachments, dict) else None
            bundle: dict[Any, Any] = attached if isinstance(attached, dict) else {}
            return self.first_with_room((mime, as_bytes(whole_text(bundle.get(mime)))) for mime in PICTURE_FORMATS)
        content = self.files.get(posixpath.normpath(unquote(address)), b"")
        return self.first_with_room((mime, content) for mime in PICTURE_FORMATS)

    def data_address(self, address: str) -> str:
        """Return a ``data:`` address anew where it holds a picture for which there is room, else an empty text."""
        mime, _, encoded = address.removeprefix("data:").partition(";base64,")
        return self.first_with_room([(mime, as_bytes(encoded))] if mime in PICTURE_FORMATS else [])

    def first_with_room(self, contents: Iterable[tuple[str, bytes]]) -> str:
        """Return the address of the first picture among some contents, each with the kind that it may be of."""
        return next(filter(None, (self.address_with_room(mime, content) for mime, content in contents if content)), "")

    def address_with_room(self, mime: str, content: bytes) -> str:
        """Return an address that holds a picture, and take its room; an empty text where it is none, or has no room."""
        if 4 * len(content) / 3 > self.characters:
            return ""
        pixels = pixels_of(PICTURE_FORMATS[mime], content)
        if not 0 < pixels <= self.pixels:
            return ""
        address = f"data:{mime};base64,{base64.b64encode(content).decode()}"
        self.characters -= len(address)
        self.pixels -= pixels
        return address


def as_bytes(encoded: str) -> bytes:
    """Return what a text in base 64 says, nothing where it is none."""
    if len(encoded) > 2 * MAX_PICTURE_CHARACTERS:
        return b""
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def pixels_of(kind: str, content: bytes) -> int:
    """Return how many pixels some bytes are a picture of, 0 where they are none of that kind, or one that moves."""
    try:
        with warnings.catch_warnings(action="error"), Image.open(io.BytesIO(content), formats=[kind]) as image:
            pixels = image.width * image.height
            if pixels > MAX_PIXELS:
                return 0
            if kind == "JPEG":  # it has no checksums: as small as it can be drawn
                image.draft("L", (1, 1))
                image.load()
            elif image.is_animated:  # type: ignore[attr-defined]  # a JPEG may hold others as well, and a browser shows the first
                return 0
            else:
                image.verify()  # to its end, every part by its checksum
    except Exception:  # noqa: BLE001 - a picture is whatever a student made
        return 0
    return pixels


def picture_as_html(address: str, alt: str) -> str:
    """Return the HTML of a picture that `Pictures` found room for."""
    return f'<img alt="{html.escape(alt)}" src="{address}">'


def load_picture_formats() -> None:
    """Load what reads pictures, so that no process that is forked from this one has to."""
    Image.preinit()
