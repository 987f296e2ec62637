"""Makes what students wrote harmless for whoever reads it: text, pictures that were decoded and checked, formulas as MathML.

Nothing else of it reaches a browser: no HTML of its own, no address that
anything would be fetched from, no sign that turns a text around. HTML is never
cleaned, it is built anew: what comes out holds no element, no attribute and no
address that was not written here.
"""

import base64
import binascii
import functools
import html
import io
import posixpath
import re
import warnings
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

from latex2mathml.converter import convert
from mistune.renderers.html import HTMLRenderer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image

TEXT = 20_000  # characters of one cell, and of its outputs together, that are shown
OUTPUTS = 200  # of one cell
FORMULA = 2_000  # characters of one formula
ALT = 1_000  # characters of what describes a picture
PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG"}
DRAWN = 6 << 20  # characters of all pictures of a notebook: one may be asked for again and again
PIXELS = 40_000_000  # of all pictures of a notebook: a small file can hold more than a browser's memory
# What a terminal or a browser would obey: controls, what turns a text around, halves of characters, private signs.
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]"
)
COLOURS = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
Image.preinit()  # loads what reads pictures, so that no process that is forked from this one has to


def text(value, most=TEXT):
    """Return a text, or the lines of one, without colours and with nothing that a terminal or a browser would obey."""
    value = flat(value)
    left_out = f"\n... and {len(value) - most} characters more, which are too many to be shown"
    return obeyed_by_nobody(COLOURS.sub("", value[:most])) + left_out * (len(value) > most)


def obeyed_by_nobody(value):
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return OBEYED.sub("\N{REPLACEMENT CHARACTER}", lines)


def flat(value):
    """Return what a notebook holds as one text or as a list of lines; an empty one for all else."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


# ----------------------------------------------------------------------------- outputs


@dataclass(frozen=True)
class Output:
    """What a person sees below a cell.

    Attributes
    ----------
    kind : str
        ``printed``, ``value``, ``error``, ``words`` or ``picture``.
    text : str
        A text; of words and of a picture the HTML.
    """

    kind: str
    text: str


def outputs(found, pictures):
    """Return the outputs of a cell.

    Parameters
    ----------
    found : object
        A list of outputs in the form of nbformat 4, or anything else.
    pictures : Pictures

    Returns
    -------
    list of Output
        What is printed in one go is one output, as in Jupyter.
    """
    found, shown, left = found if isinstance(found, list) else [], [], TEXT
    for number, output in enumerate(found):
        if number == OUTPUTS or left <= 0:
            return [*shown, Output("printed", "... and more, which is too much to be shown")]
        room = pictures.left
        one = output_of(output, pictures, left) if isinstance(output, dict) else None
        if one is None or not one.text:
            continue
        left -= len(one.text) - (room - pictures.left) + 1
        if shown and shown[-1].kind == one.kind == "printed":
            one = Output("printed", shown.pop().text + one.text)
        shown.append(one)
    return shown


def output_of(output, pictures, most):
    """Return one output, with at most so many characters; None where nobody can read what is in it."""
    kind = output.get("output_type")
    if kind == "stream":
        return Output("printed", text(overwritten(flat(output.get("text"))), most))
    if kind == "error":
        lines = output.get("traceback")
        said = "\n".join(map(flat, lines)) if isinstance(lines, list) else flat(output.get("evalue"))
        return Output("error", text(said, most))
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    source, alt = first_picture(flat(data.get("text/html")))
    for address, about in ((source, alt), *((f"data:{mime};base64,{flat(data.get(mime))}", "") for mime in PICTURES)):
        if picture := pictures.data(address):
            return Output("picture", drawn(picture, text(about, ALT) or "a picture without a description"))
    for kind in ("text/markdown", "text/latex"):
        if source := flat(data.get(kind)):
            return Output("words", words(source[:most], pictures))
    return Output("value", text(data["text/plain"], most)) if "text/plain" in data else None


def overwritten(printed):
    """Return what is left of lines that went back to their beginnings, as bars of progress do."""
    lines = printed.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


class FirstPicture(HTMLParser):
    """Finds the first picture of a piece of HTML."""

    found = None

    def handle_starttag(self, tag, attributes):
        if tag == "img" and self.found is None:
            self.found = dict(attributes)


def first_picture(markup):
    """Return the address and the description of the first picture in some HTML, empty where there is none."""
    if "<img" not in markup or len(markup) > 2 * DRAWN:
        return "", ""
    parser = FirstPicture()
    parser.feed(markup)
    found = parser.found or {}
    return found.get("src") or "", found.get("alt") or ""


# ---------------------------------------------------------------------------- pictures


@dataclass
class Pictures:
    """The pictures of one notebook, as far as there is room for them.

    Attributes
    ----------
    files : dict of str to bytes
        What lies beside the notebook, by its path.
    left, pixels : int
        Characters and pixels that there is still room for.
    """

    files: dict = field(default_factory=dict)
    left: int = DRAWN
    pixels: int = PIXELS

    def at(self, address, attachments):
        """Return an address that holds all of the picture at another one; an empty text where there is none, or no room."""
        kind, _, name = address.partition(":")
        if kind == "data":
            return self.data(address)
        if kind == "attachment":
            bundle = attachments.get(unquote(name)) if isinstance(attachments, dict) else None
            bundle = bundle if isinstance(bundle, dict) else {}
            return self.first((mime, as_bytes(flat(bundle.get(mime)))) for mime in PICTURES)
        content = self.files.get(posixpath.normpath(unquote(address)), b"")
        return self.first((mime, content) for mime in PICTURES)

    def data(self, address):
        """Return a ``data:`` address anew where it holds a picture for which there is room, else an empty text."""
        mime, _, encoded = address.removeprefix("data:").partition(";base64,")
        return self.first([(mime, as_bytes(encoded))] if mime in PICTURES else [])

    def first(self, some):
        return next(filter(None, (self.room_for(mime, content) for mime, content in some if content)), "")

    def room_for(self, mime, content):
        if 4 * len(content) / 3 > self.left:
            return ""
        pixels = pixels_of(PICTURES[mime], content)
        if not 0 < pixels <= self.pixels:
            return ""
        address = f"data:{mime};base64,{base64.b64encode(content).decode()}"
        self.left -= len(address)
        self.pixels -= pixels
        return address


def as_bytes(encoded):
    """Return what a text in base 64 says, nothing where it is none."""
    try:
        return base64.b64decode("".join(encoded.split()), validate=True) if len(encoded) <= 2 * DRAWN else b""
    except (binascii.Error, ValueError):
        return b""


def pixels_of(kind, content):
    """Return how many pixels some bytes are a picture of, 0 where they are none of that kind, or one that moves."""
    try:
        with warnings.catch_warnings(action="error"), Image.open(io.BytesIO(content), formats=[kind]) as image:
            pixels = image.width * image.height
            if pixels > PIXELS:
                return 0
            if kind == "JPEG":  # it has no checksums: as small as it can be drawn
                image.draft("L", (1, 1))
                image.load()
            elif image.is_animated:  # a JPEG may hold others as well, and a browser shows the first
                return 0
            else:
                image.verify()  # to its end, every part by its checksum
    except Exception:  # noqa: BLE001 - a picture is whatever a student made
        return 0
    return pixels


def drawn(picture, alt):
    """Return the HTML of a picture that `Pictures` found room for."""
    return f'<img alt="{html.escape(alt)}" src="{picture}">'


# ------------------------------------------------------------------------------- words


class Renderer(IPythonRenderer):
    """Makes HTML of Markdown, and keeps its formulas aside: where one belongs, its number stands."""

    def __init__(self):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.formulas = []

    def inline_math(self, body):
        return self.aside(body, "inline")

    def block_math(self, body):
        return self.aside(body, "block")

    def latex_environment(self, name, body):
        return self.aside(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

    def aside(self, body, display):
        self.formulas.append(formula(body, display))
        return f"<{MATH} number={len(self.formulas) - 1}>"

    def image(self, text, url, title=None):
        return HTMLRenderer.image(self, text, url)

    def block_code(self, code, info=None):
        return HTMLRenderer.block_code(self, code)


@dataclass(frozen=True)
class Wanted:
    """A picture that a text asks for."""

    address: str
    alt: str


MATH = "formula"
ENDLESS = {"br", "hr"}
ELEMENTS = frozenset(
    "b blockquote code dd del div dl dt em h1 h2 h3 h4 h5 h6 i ins kbd li mark ol p pre s samp small span strong sub sup "
    "table tbody td tfoot th thead tr u ul var".split()
)
DEEPEST = 60  # elements in each other


class Rebuilt(HTMLParser):
    """Builds some HTML anew: its text, and those elements that do nothing but lay it out, without attributes.

    Parameters
    ----------
    formulas : list of str
        The HTML of the formulas, by their numbers.
    """

    def __init__(self, formulas):
        super().__init__()
        self.formulas, self.parts, self.open, self.link = formulas, [], [], None

    def handle_starttag(self, tag, attributes):
        about = {name: value or "" for name, value in attributes}
        if tag in ENDLESS:
            self.parts.append(f"<{tag}>")
        elif tag == "img":
            self.parts.append(Wanted(about.get("src", ""), obeyed_by_nobody(about.get("alt", ""))))
        elif tag == "a":
            self.link, self.said = about.get("href", ""), ""
        elif tag == "input":
            self.parts.append("\N{BALLOT BOX WITH CHECK} " if "checked" in about else "\N{BALLOT BOX} ")
        elif tag == MATH and (number := about.get("number", "")).isdecimal() and int(number) < len(self.formulas):
            self.parts.append(self.formulas[int(number)])
        elif tag in ELEMENTS and len(self.open) < DEEPEST:
            self.open.append(tag)
            start = about.get("start", "") if tag == "ol" else ""
            self.parts.append(f'<ol start="{int(start)}">' if re.fullmatch("[0-9]{1,9}", start) else f"<{tag}>")

    def handle_endtag(self, tag):
        if tag == "a" and self.link is not None:
            address, self.link = self.link, None
            if address and not address.startswith("#") and address.removeprefix("mailto:") != self.said:
                self.handle_data(f" ({address})")
        while tag in self.open:
            last = self.open.pop()
            self.parts.append(f"</{last}>")
            if last == tag:
                break

    def handle_data(self, data):
        if self.link is not None:
            self.said += data
        self.parts.append(html.escape(obeyed_by_nobody(data), quote=False))

    def whole(self, markup):
        """Return the parts of some HTML, as texts of HTML and as pictures that it asks for."""
        self.feed(markup)
        self.close()
        return (*self.parts, *(f"</{tag}>" for tag in reversed(self.open)))


@functools.lru_cache(500)  # the given cells are the same in every submission
def rebuilt(source):
    """Return the parts of the HTML of a Markdown text: texts, and pictures that it asks for."""
    renderer = Renderer()
    made = MarkdownWithMath(renderer=renderer).render(obeyed_by_nobody(source))
    return Rebuilt(renderer.formulas).whole(made)


def words(source, pictures, attachments=None):
    """Return the HTML of a Markdown text: links are their text and their address, pictures are there or told of.

    Parameters
    ----------
    source : str
    pictures : Pictures
    attachments : object
        What is attached to its cell.
    """
    made = [
        part if isinstance(part, str) else picture_or_word(part, pictures, attachments)
        for part in rebuilt(source[:TEXT])
    ]
    left_out = f"<p>... and {len(source) - TEXT} characters more, which are too many to be shown</p>"
    return "".join(made) + left_out * (len(source) > TEXT)


def picture_or_word(wanted, pictures, attachments):
    picture = pictures.at(wanted.address, attachments)
    if picture:
        return drawn(picture, wanted.alt)
    about = wanted.alt or obeyed_by_nobody(wanted.address[:200])
    return f"<em>(a picture that is not here: {html.escape(about)})</em>"


# ---------------------------------------------------------------------------- formulas

MATHML = frozenset(
    "math mrow mi mo mn mtext ms mspace mfrac msqrt mroot mstyle merror mpadded mphantom mfenced menclose msub msup "
    "msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd".split()
)
KEPT = frozenset(
    "display displaystyle scriptlevel stretchy fence separator form accent mathvariant linethickness columnalign "
    "notation width lspace rspace".split()
)
SMALL = re.compile(r"[a-z-]+|[0-9]{0,2}(?:\.[0-9]+)?(?:em|ex|px|pt)?")  # nothing reaches over what is not its own
# What the library does not know as what it knows, and without the numbers, which it begins anew in each formula.
ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|(?:align|gather|multline|eqnarray|equation)\*?|gathered)\}")
LABEL = re.compile(r"\\label\{[^{}]*\}")


def formula(source, display):
    """Return a formula in LaTeX as MathML; as the text that it is where that can't be made of it.

    What comes of it is taken apart and put together again, as the library copies text and attributes as they are.
    """
    try:
        if len(source) > FORMULA:
            raise ValueError("too long")
        made = convert(LABEL.sub("", ALIGNED.sub(r"\\\1{align*}", source)), display=display)
        if len(made) > 50 * FORMULA:
            raise ValueError("too much comes of it")
        root = ElementTree.fromstring(made.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1))
        for one in root.iter():
            if one.tag not in MATHML:
                raise ValueError(one.tag)
            one.text, one.tail = obeyed_by_nobody(one.text or ""), ""
            one.attrib = {name: value for name, value in one.attrib.items() if name in KEPT and SMALL.fullmatch(value)}
        return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    except Exception:  # noqa: BLE001 - whatever the library stumbles over
        return f"<code>{html.escape(source[:FORMULA])}</code>"
