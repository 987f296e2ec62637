"""Makes what students wrote harmless for whoever reads it: text, pictures that were decoded and checked, formulas as MathML.

Nothing else of it reaches a browser: no HTML of its own, no address that
anything would be fetched from, no sign that turns a text around.
"""

import base64
import binascii
import functools
import html
import io
import posixpath
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

from bleach import Cleaner
from latex2mathml.converter import convert
from mistune.renderers.html import HTMLRenderer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image

TEXT = 20_000  # characters of one cell or of one output that are shown
FORMULA = 2_000  # characters of one formula
PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG"}
DRAWN = 6 << 20  # characters of all pictures that are shown: one may be asked for again and again
PIXELS = 40_000_000  # of one picture: a small file can hold more than a browser's memory
# What a terminal or a browser would obey: controls, what turns a text around, halves of characters, and the private
# signs that stand for pictures and formulas while a text is cleaned.
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]"
)
COLOURS = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")


def text(value, most=TEXT):
    """Return a text, or the lines of one, without colours and with nothing that a terminal or a browser would obey."""
    value = flat(value, most).replace("\r\n", "\n")
    return OBEYED.sub("\N{REPLACEMENT CHARACTER}", COLOURS.sub("", value))


def flat(value, most=None):
    """Return what a notebook holds as one text or as a list of lines; an empty one for all else."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value[:most] if isinstance(value, str) else ""


# ----------------------------------------------------------------------------- outputs


@dataclass(frozen=True)
class Output:
    """What a person sees below a cell.

    Attributes
    ----------
    kind : str
        ``printed``, ``value``, ``error`` or ``picture``.
    text : str
        Of a picture its description.
    picture : str
        An address that holds all of it.
    """

    kind: str
    text: str
    picture: str = ""


def outputs(found, pictures):
    """Yield the outputs of a cell as `Output`, those that are none left out.

    Parameters
    ----------
    found : object
        A list of outputs in the form of nbformat 4, or anything else.
    pictures : Pictures
    """
    left = 2 * TEXT
    for output in found[:200] if isinstance(found, list) else ():
        shown = output_of(output, pictures) if isinstance(output, dict) else None
        if shown is not None:
            left -= len(shown.text)
            yield shown
        if left < 0:
            break


def output_of(output, pictures):
    kind = output.get("output_type")
    if kind == "stream":
        return Output("printed", text(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        said = "\n".join(map(flat, lines)) if isinstance(lines, list) else flat(output.get("evalue"))
        return Output("error", text(said))
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    source, alt = first_picture(flat(data.get("text/html"), 2 * DRAWN))
    kind, _, content = source.removeprefix("data:").partition(";base64,")
    for mime, encoded, about in ((kind, content, alt), *((mime, flat(data.get(mime)), "") for mime in PICTURES)):
        picture = pictures.checked(mime, encoded)
        if picture:
            return Output("picture", text(about) or "a picture without a description", picture)
    return Output("value", text(data["text/plain"])) if "text/plain" in data else None


class FirstPicture(HTMLParser):
    """Finds the first picture of a piece of HTML."""

    found = None

    def handle_starttag(self, tag, attributes):
        if tag == "img" and self.found is None:
            self.found = dict(attributes)


def first_picture(markup):
    """Return the address and the description of the first picture in some HTML, empty where there is none."""
    if "<img" not in markup:
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
    left : int
        Characters that there is still room for.
    """

    files: dict = field(default_factory=dict)
    left: int = DRAWN

    def checked(self, mime, encoded):
        """Return an address that holds all of a picture, or an empty text where it is none or there is no room."""
        if mime not in PICTURES or not 0 < len(encoded) <= 2 * self.left:
            return ""
        try:
            return self.address(mime, base64.b64decode("".join(encoded.split()), validate=True))
        except (binascii.Error, ValueError):
            return ""

    def beside(self, name):
        """Return the address that holds all of the picture in a file."""
        content = self.files.get(posixpath.normpath(name), b"")
        return next(filter(None, (self.address(mime, content) for mime in PICTURES)), "") if content else ""

    def address(self, mime, content):
        if 4 * len(content) / 3 > self.left or not is_picture(PICTURES[mime], content):
            return ""
        address = f"data:{mime};base64,{base64.b64encode(content).decode()}"
        self.left -= len(address)
        return address

    def attached(self, attachments, name):
        """Return the address that holds all of a picture which is attached to a cell."""
        bundle = attachments.get(name) if isinstance(attachments, dict) else None
        if not isinstance(bundle, dict):
            return ""
        return next(filter(None, (self.checked(mime, flat(bundle.get(mime))) for mime in PICTURES)), "")


def is_picture(kind, content):
    """Whether some bytes are a picture of that kind, as far as Pillow can tell, and none that fills a browser's memory."""
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as image:
            if image.width * image.height > PIXELS:
                return False
            image.verify()
    except Exception:  # noqa: BLE001 - a picture is whatever a student made
        return False
    return True


# ------------------------------------------------------------------------------- words

OPEN, CLOSE = "\ue000", "\ue001"  # around the number of what is put in when the text is clean
CLEAN = Cleaner(
    tags="a b blockquote br code del dd div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub sup "
    "table tbody td th thead tr u ul".split(),
    attributes={"a": ["href"], "img": ["src", "alt"]},
    protocols=["http", "https", "mailto", "attachment", "data"],
)
ATTRIBUTE = r"""([\w:-]+)=("[^"]*"|'[^']*')"""
ATTRIBUTES = rf"""((?:\s+{ATTRIBUTE.replace("(", "(?:")})*)\s*/?"""


class Renderer(IPythonRenderer):
    """Makes HTML of Markdown, and keeps its formulas aside."""

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
        return f"{OPEN}f{len(self.formulas) - 1}{CLOSE}"

    def image(self, text, url, title=None):
        return f'<img src="{html.escape(url)}" alt="{text.replace(chr(34), "&quot;")}">'

    def block_code(self, code, info=None):
        return HTMLRenderer.block_code(self, code)


@functools.lru_cache(500)  # the given cells are the same in every submission
def rendered(source):
    """Return the clean HTML of a Markdown text with places for its formulas, and these."""
    renderer = Renderer()
    made = MarkdownWithMath(renderer=renderer).render(OBEYED.sub("\N{REPLACEMENT CHARACTER}", source))
    return CLEAN.clean(made), tuple(renderer.formulas)


def words(source, pictures, attachments=None):
    """Return the HTML of a Markdown text: links are their text and their address, pictures are there or told of.

    Parameters
    ----------
    source : str
    pictures : Pictures
    attachments : object
        What is attached to its cell.
    """
    made, formulas = rendered(source[:TEXT])
    drawn = []

    def place(match):
        about = {name: html.unescape(value[1:-1]) for name, value in re.findall(ATTRIBUTE, match[1])}
        address, alt = about.get("src", ""), html.escape(about.get("alt", ""))
        kind, _, name = address.partition(":")
        if kind == "attachment":
            picture = pictures.attached(attachments, unquote(name))
        elif kind == "data":
            mime, _, encoded = name.partition(";base64,")
            picture = pictures.checked(mime, encoded)
        else:
            picture = pictures.beside(unquote(address))
        shown = (
            f'<img alt="{alt}" src="{picture}">'
            if picture
            else f"<em>(a picture that is not here: {alt or html.escape(address[:200])})</em>"
        )
        drawn.append(shown)
        return f"{OPEN}p{len(drawn) - 1}{CLOSE}"

    def link(match):
        address = next((value[1:-1] for _, value in re.findall(ATTRIBUTE, match[1])), "")
        return match[2] if address in ("", match[2]) or address.startswith("#") else f"{match[2]} ({address})"

    made = re.sub(rf"<img{ATTRIBUTES}>", place, made)
    made = re.sub(rf"<a{ATTRIBUTES}>(.*?)</a>", link, made, flags=re.DOTALL)
    made = re.sub(r"<(?=img|/?a\b)", "&lt;", made)  # whatever did not look like one
    put_in = {"p": drawn, "f": formulas}
    return re.sub(f"{OPEN}([pf])([0-9]+){CLOSE}", lambda match: put_in[match[1]][int(match[2])], made)


MATHML = frozenset(
    "math mrow mi mo mn mtext ms mspace mfrac msqrt mroot mstyle merror mpadded mphantom mfenced menclose msub msup "
    "msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd".split()
)
KEPT = {"display", "stretchy", "fence", "separator", "accent", "mathvariant", "linethickness", "columnalign", "width"}


def formula(source, display):
    """Return a formula in LaTeX as MathML; as the text that it is where that can't be made of it.

    What comes of it is taken apart and put together again, as the library copies text and attributes as they are.
    """
    try:
        if len(source) > FORMULA:
            raise ValueError("too long")
        root = ElementTree.fromstring(
            convert(source, display=display).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1)
        )
        for one in root.iter():
            if one.tag not in MATHML:
                raise ValueError(one.tag)
            one.attrib = {name: value for name, value in one.attrib.items() if name in KEPT}
        return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    except Exception:  # noqa: BLE001 - whatever the library stumbles over
        return f"<code>{html.escape(source[:FORMULA])}</code>"
