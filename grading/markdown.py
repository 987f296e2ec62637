"""Makes HTML of the Markdown that students wrote: text, pictures that were checked, formulas as MathML.

Nothing else of it reaches a browser: no HTML of its own, no address that
anything would be fetched from, no sign that turns a text around. HTML is never
cleaned, it is built anew: what comes out holds no element, no attribute and no
address that was not written here.
"""

import functools
import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal, TypeAlias
from xml.etree import ElementTree

from latex2mathml.converter import convert
from mistune.renderers.html import HTMLRenderer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from grading.harmless import MAX_TEXT, Pictures, picture_as_html, without_controls

MAX_FORMULA = 2_000  # characters of one formula
Display: TypeAlias = Literal["inline", "block"]


class MarkdownRenderer(IPythonRenderer):
    """Makes HTML of Markdown, and keeps its formulas aside: where one belongs, its number stands."""

    def __init__(self) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.formulas: list[str] = []

    def inline_math(self, body: str) -> str:
        return self.aside(body, "inline")

    def block_math(self, body: str) -> str:
        return self.aside(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return self.aside(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

    def aside(self, body: str, display: Display) -> str:
        self.formulas.append(formula_as_mathml(body, display))
        return f"<{FORMULA_ELEMENT} number={len(self.formulas) - 1}>"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return HTMLRenderer.image(self, text, url)

    def block_code(self, code: str, info: str | None = None) -> str:
        return HTMLRenderer.block_code(self, code)


@dataclass(frozen=True)
class PictureReference:
    """A picture that a text asks for."""

    address: str
    alt: str


FORMULA_ELEMENT = "formula"
VOID_ELEMENTS = {"br", "hr"}
LAYOUT_ELEMENTS = frozenset(
    "b blockquote code dd del div dl dt em h1 h2 h3 h4 h5 h6 i ins kbd li mark ol p pre s samp small span strong sub sup "
    "table tbody td tfoot th thead tr u ul var".split()
)
MAX_DEPTH = 60  # elements in each other


class HtmlRebuilder(HTMLParser):
    """Builds some HTML anew: its text, and those elements that do nothing but lay it out, without attributes.

    Parameters
    ----------
    formulas : list of str
        The HTML of the formulas, by their numbers.
    """

    def __init__(self, formulas: list[str]) -> None:
        super().__init__()
        self.formulas = formulas
        self.parts: list[str | PictureReference] = []
        self.open: list[str] = []
        self.link: str | None = None  # its address, while it is open
        self.link_text = ""

    # One function: each kind of element has its branch.
    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        about = {name: value or "" for name, value in attributes}
        if tag in VOID_ELEMENTS:
            self.parts.append(f"<{tag}>")
        elif tag == "img":
            self.parts.append(PictureReference(about.get("src", ""), without_controls(about.get("alt", ""))))
        elif tag == "a":
            self.link, self.link_text = about.get("href", ""), ""
        elif tag == "input":
            self.parts.append("\N{BALLOT BOX WITH CHECK} " if "checked" in about else "\N{BALLOT BOX} ")
        elif (
            tag == FORMULA_ELEMENT
            and (number := about.get("number", "")).isdecimal()
            and int(number) < len(self.formulas)
        ):
            self.parts.append(self.formulas[int(number)])
        elif tag in LAYOUT_ELEMENTS and len(self.open) < MAX_DEPTH:
            self.open.append(tag)
            start = about.get("start", "") if tag == "ol" else ""
            self.parts.append(f'<ol start="{int(start)}">' if re.fullmatch("[0-9]{1,9}", start) else f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.link is not None:
            address, self.link = self.link, None
            if address and not address.startswith("#") and address.removeprefix("mailto:") != self.link_text:
                self.handle_data(f" ({address})")
        while tag in self.open:
            last = self.open.pop()
            self.parts.append(f"</{last}>")
            if last == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.link is not None:
            self.link_text += data
        self.parts.append(html.escape(without_controls(data), quote=False))

    def rebuild(self, markup: str) -> tuple[str | PictureReference, ...]:
        """Return the parts of some HTML, as texts of HTML and as pictures that it asks for."""
        self.feed(markup)
        self.close()
        return (*self.parts, *(f"</{tag}>" for tag in reversed(self.open)))


@functools.lru_cache(500)  # the given cells are the same in every submission
def html_parts(source: str) -> tuple[str | PictureReference, ...]:
    """Return the parts of the HTML of a Markdown text: texts, and pictures that it asks for."""
    renderer = MarkdownRenderer()
    made = MarkdownWithMath(renderer=renderer).render(without_controls(source))
    return HtmlRebuilder(renderer.formulas).rebuild(made)


def markdown_as_html(source: str, pictures: Pictures, attachments: object = None) -> str:
    """Return the HTML of a Markdown text: links are their text and their address, pictures are there or told of.

    Parameters
    ----------
    source : str
    pictures : Pictures
    attachments : object
        What is attached to its cell.
    """
    made = [
        part if isinstance(part, str) else picture_or_sentence(part, pictures, attachments)
        for part in html_parts(source[:MAX_TEXT])
    ]
    left_out = f"<p>... and {len(source) - MAX_TEXT} characters more, which are too many to be shown</p>"
    return "".join(made) + left_out * (len(source) > MAX_TEXT)


def picture_or_sentence(reference: PictureReference, pictures: Pictures, attachments: object) -> str:
    """Return the HTML of a picture that a text asks for, or of a sentence that tells of it where it is not there."""
    address = pictures.address_of(reference.address, attachments)
    if address:
        return picture_as_html(address, reference.alt)
    about = reference.alt or without_controls(reference.address[:200])
    return f"<em>(a picture that is not here: {html.escape(about)})</em>"


# ---------------------------------------------------------------------------- formulas

MATHML_ELEMENTS = frozenset(
    "math mrow mi mo mn mtext ms mspace mfrac msqrt mroot mstyle merror mpadded mphantom mfenced menclose msub msup "
    "msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd".split()
)
MATHML_ATTRIBUTES = frozenset(
    "display displaystyle scriptlevel stretchy fence separator form accent mathvariant linethickness columnalign "
    "notation width lspace rspace".split()
)
MATHML_VALUE = re.compile(
    r"[a-z-]+|[0-9]{0,2}(?:\.[0-9]+)?(?:em|ex|px|pt)?"
)  # nothing reaches over what is not its own
# What the library does not know as what it knows, and without the numbers, which it begins anew in each formula.
ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|(?:align|gather|multline|eqnarray|equation)\*?|gathered)\}")
LABEL = re.compile(r"\\label\{[^{}]*\}")


def formula_as_mathml(source: str, display: Display) -> str:
    """Return a formula in LaTeX as MathML; as the text that it is where that can't be made of it.

    What comes of it is taken apart and put together again, as the library copies text and attributes as they are.
    """
    try:
        if len(source) > MAX_FORMULA:
            raise ValueError("too long")
        made = convert(LABEL.sub("", ALIGNED.sub(r"\\\1{align*}", source)), display=display)
        if len(made) > 50 * MAX_FORMULA:
            raise ValueError("too much comes of it")
        root = ElementTree.fromstring(made.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1))
        for one in root.iter():
            if one.tag not in MATHML_ELEMENTS:
                raise ValueError(one.tag)
            one.text, one.tail = without_controls(one.text or ""), ""
            one.attrib = {
                name: value
                for name, value in one.attrib.items()
                if name in MATHML_ATTRIBUTES and MATHML_VALUE.fullmatch(value)
            }
        return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    except Exception:  # noqa: BLE001 - whatever the library stumbles over
        return f"<code>{html.escape(source[:MAX_FORMULA])}</code>"
