"""The outputs of a student's cell as a person sees them: text, words in Markdown, and pictures that were checked."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from grading.harmless import (
    MAX_PICTURE_CHARACTERS,
    MAX_TEXT,
    PICTURE_FORMATS,
    Pictures,
    harmless_text,
    picture_as_html,
    whole_text,
)
from grading.markdown import markdown_as_html

MAX_OUTPUTS = 200  # of one cell
MAX_DESCRIPTION = 1_000  # characters of what describes a picture


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


def harmless_outputs(found: object, pictures: Pictures) -> list[Output]:
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
    shown: list[Output] = []
    left = MAX_TEXT
    for number, output in enumerate(found if isinstance(found, list) else ()):
        if number == MAX_OUTPUTS or left <= 0:
            return [*shown, Output("printed", "... and more, which is too much to be shown")]
        room = pictures.characters
        one = harmless_output(output, pictures, left) if isinstance(output, dict) else None
        if one is None or not one.text:
            continue
        left -= len(one.text) - (room - pictures.characters) + 1
        if shown and shown[-1].kind == one.kind == "printed":
            one = Output("printed", shown.pop().text + one.text)
        shown.append(one)
    return shown


def harmless_output(output: dict[Any, Any], pictures: Pictures, most: int) -> Output | None:
    """Return one output, with at most so many characters; None where nobody can read what is in it."""
    kind = output.get("output_type")
    if kind == "stream":
        return Output("printed", harmless_text(without_overwritten(whole_text(output.get("text"))), most))
    if kind == "error":
        lines = output.get("traceback")
        traceback = "\n".join(map(whole_text, lines)) if isinstance(lines, list) else whole_text(output.get("evalue"))
        return Output("error", harmless_text(traceback, most))
    data = output.get("data")
    return displayed(data, pictures, most) if isinstance(data, dict) else None


def displayed(data: dict[Any, Any], pictures: Pictures, most: int) -> Output | None:
    """Return what is shown of a value that has several forms, by their MIME types: a picture, words, or a text."""
    source, alt = first_picture(whole_text(data.get("text/html")))
    encoded = [(f"data:{mime};base64,{whole_text(data.get(mime))}", "") for mime in PICTURE_FORMATS]
    for address, description in ((source, alt), *encoded):
        if picture := pictures.data_address(address):
            alt = harmless_text(description, MAX_DESCRIPTION) or "a picture without a description"
            return Output("picture", picture_as_html(picture, alt))
    for kind in ("text/markdown", "text/latex"):
        if source := whole_text(data.get(kind)):
            return Output("words", markdown_as_html(source[:most], pictures))
    return Output("value", harmless_text(data["text/plain"], most)) if "text/plain" in data else None


def without_overwritten(printed: str) -> str:
    """Return what is left of lines that went back to their beginnings, as bars of progress do."""
    lines = printed.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


class FirstPicture(HTMLParser):
    """Finds the first picture of a piece of HTML."""

    found: dict[str, str | None] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "img" and self.found is None:
            self.found = dict(attributes)


def first_picture(markup: str) -> tuple[str, str]:
    """Return the address and the description of the first picture in some HTML, empty where there is none."""
    if "<img" not in markup or len(markup) > 2 * MAX_PICTURE_CHARACTERS:
        return "", ""
    parser = FirstPicture()
    parser.feed(markup)
    found = parser.found or {}
    return found.get("src") or "", found.get("alt") or ""
