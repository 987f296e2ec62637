"""Makes the notebook that feedback is made of: what the student handed in, and what the checks said of it.

Everything of the student's is text, a picture or gone: HTML and JavaScript that
a submission brings do not reach the page.
"""

import base64
import binascii
import functools
import html
import posixpath
import re
from html.parser import HTMLParser
from urllib.parse import unquote

from nbconvert.filters import markdown2html
from nbconvert.preprocessors.sanitize import SanitizeHTML

from grading.master import hashed, visible

TEXT = 20_000  # characters of one cell or of one output that are shown
ALL = 400_000  # characters of all cells that are shown; what colours code and reads Markdown takes a second for TEXT
PICTURES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8"}
DRAWN = 20 << 20  # characters of the pictures that texts show: one picture may be asked for again and again


def page(notebook, submission, result, outputs, files=None):
    """Return a notebook of a student's cells, with the verdict in each test cell and the state on top.

    Parameters
    ----------
    notebook : grading.master.MasterNotebook
    submission : grading.submission.Submission or None
        None where there was nothing to read.
    result : grading.result.Result
    outputs : dict of str to list
        What each program that a person grades printed and drew, by its grade id.
    files : dict of str to bytes, optional
        What lies beside the notebook, by its path: the pictures among it that a text shows.

    Returns
    -------
    dict
        In nbformat 4.5. It is written down as it is: nbformat's own functions validate each cell anew, which takes
        longer than grading does.
    """
    kernel = {"name": "python3", "display_name": "Python 3"}
    made = {"cells": [], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    checked = {key: result.scores[key] for key in notebook.points if result.scores[key] is not None}
    most = sum(result.max_scores[key] for key in checked)
    gave = f": the checks gave {sum(checked.values()):g} of {most:g} points" if checked else ""
    heading = f"<strong>{result.status}{gave}.</strong> {html.escape(result.message)}"
    made["cells"].append(as_html(f'<p class="tex2jax_ignore">{heading}</p>', "state"))
    left = list(notebook.tests)
    tested = {test.grade_id for test in left}
    marks = {name: mark for name, mark in notebook.marks.items() if name not in tested}
    cells = [cell for cell in (submission.notebook["cells"] if submission else []) if isinstance(cell, dict)]
    solved = {name: id(cell) for name, cell in notebook.solved(submission.cells if submission else ()).items()}
    programs = {answer.grade_id for answer in notebook.answers if answer.kind == "code"}
    shown_so_far, too_long, pictures = 0, False, Pictures(files or {})
    for number, cell in enumerate(cells):
        known = submission.cells[number]
        shown_so_far += len(known.source[:TEXT]) + 100
        test = notebook.test_at(known) if known.kind == "code" else None
        name = notebook.name_of(known)
        is_answer = solved.get(name, id(known)) == id(known) and name in marks
        if shown_so_far > ALL and not is_answer and test not in left:
            too_long = True
        elif test in left:
            left.remove(test)
            if notebook.answers_in(known):  # it was run, and a person wants to see what earned the points
                made["cells"].append(harmless(cell, known, f"cell-{number}", pictures))
            made["cells"].append(verdict(test, result, notebook.marks[test.grade_id]))
        elif test is None:
            try:
                own = outputs.get(name, []) if is_answer and name in programs else None
                shown = harmless(cell, known, f"cell-{number}", pictures, own)
            except Exception:  # noqa: BLE001 - what makes HTML of Markdown may stumble, and the grade is made by now
                shown = as_html("<p>(This cell can't be shown.)</p>", f"cell-{number}")
            if is_answer:
                shown["metadata"]["nbgrader"] = marks.pop(name)
            made["cells"].append(shown)
    if too_long:
        made["cells"].append(as_html("<p>(The rest of the notebook is too long to be shown.)</p>", "rest"))
    made["cells"] += [verdict(test, result, notebook.marks[test.grade_id]) for test in left]
    # A person can only grade and comment what is there.
    for name, lost in marks.items():
        if lost.get("solution") or lost.get("task"):
            where = "is not in what was handed in" if submission else "could not be read"
            made["cells"].append(as_html(f"<p>(The cell {html.escape(name)} {where}.)</p>", cell_id(f"lost-{name}")))
            made["cells"][-1]["metadata"]["nbgrader"] = lost
    return made


def verdict(test, result, marks):
    """Return a test as the student saw it, with what it said."""
    message, score = result.messages.get(test.key), result.scores[test.key]
    text = message or ("This test was not judged." if score is None else f"{score:g} of {test.points:g} points.\n")
    if message or score is None or score < test.points:
        output = {"output_type": "error", "ename": "Check", "evalue": text, "traceback": [text]}
    else:
        output = printed(text)
    return code_cell(visible(test.source), cell_id(test.grade_id), [output], nbgrader=marks)


def cell_id(name):
    """Return a name that Jupyter takes for a cell: nbgrader's may be longer."""
    return name if len(name) <= 64 else f"{name[:40]}-{hashed([name])}"


def code_cell(source, name, outputs, **metadata):
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "execution_count": None,
        "source": source,
        "outputs": outputs,
    }


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def displayed(kind, content):
    return {"output_type": "display_data", "metadata": {}, "data": {kind: content}}


def harmless(cell, known, name, pictures, outputs=None):
    """Return a student's cell with nothing in it that a browser would run, and with other outputs if there are some."""
    if known.kind != "code":
        return as_html(pictures.shown(known.source[:TEXT], cell.get("attachments")), name)
    outputs = cell.get("outputs") if outputs is None else outputs
    shown = (
        [harmless_output(output) for output in outputs[:200] if isinstance(output, dict)]
        if isinstance(outputs, list)
        else []
    )
    return code_cell(known.source[:TEXT], name, [output for output in shown if output])


def harmless_output(output):
    """Return an output as text or as a picture, or None."""
    kind = output.get("output_type")
    if kind == "stream":
        return printed(flat(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        text = "\n".join(map(flat, lines)) if isinstance(lines, list) else flat(output.get("evalue"))
        return {"output_type": "error", "ename": "Error", "evalue": "", "traceback": [text[:TEXT]]}
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    picture = picture_in(flat(data.get("text/html"), None))
    if picture:
        return displayed("text/html", picture)
    for mime in PICTURES:
        if is_picture(mime, flat(data.get(mime), None)):
            return displayed(mime, flat(data[mime], None).strip())
    return displayed("text/plain", flat(data.get("text/plain"))) if "text/plain" in data else None


def flat(value, limit=TEXT):
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value[:limit] if isinstance(value, str) else ""


class FirstPicture(HTMLParser):
    """Finds the first picture of a piece of HTML."""

    found = None

    def handle_starttag(self, tag, attributes):
        if tag == "img" and self.found is None:
            self.found = dict(attributes)


def picture_in(text):
    """Return the one picture of an output's HTML, with its alt text and nothing else, or an empty text."""
    parser = FirstPicture()
    parser.feed(text)
    source = (parser.found or {}).get("src") or ""
    match = re.fullmatch(r"data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/=\s]+)", source)
    if not match or not is_picture(match[1], match[2]):
        return ""
    alt = html.escape(parser.found.get("alt") or "a picture without a description")
    return f'<img alt="{alt}" style="max-width: 100%" width="640" src="data:{match[1]};base64,{"".join(match[2].split())}">'


def is_picture(mime, text):
    try:
        return base64.b64decode(text[:32].strip() or "!", validate=True).startswith(PICTURES[mime])
    except (binascii.Error, ValueError):
        return False


class Pictures:
    """Makes the HTML of texts, with their pictures in it: those attached to a cell, and those in files beside the notebook.

    Parameters
    ----------
    files : dict of str to bytes
    """

    def __init__(self, files):
        self.files, self.left, self.known = files, DRAWN, {}

    def shown(self, source, attachments):
        """Return the HTML of a Markdown text."""
        found = {}

        def place(match):
            name = unquote(match[1])
            found[name] = found[name] if name in found else attached(attachments, name)
            return f"https://picture.invalid/{[*found].index(name)}/"

        text = rendered(re.sub(r"attachment:([^)\s\"'>]*)", place, source))
        return re.sub(r'src="([^"]*)"', lambda match: f'src="{self.drawn(match[1], [*found.values()])}"', text)

    def drawn(self, address, found):
        """Return an address that holds all of a picture, while there is room; else the address itself."""
        number = re.fullmatch("https://picture.invalid/([0-9]{1,5})/", address)
        if number and int(number[1]) < len(found):
            data = found[int(number[1])]
        else:
            data = self.beside(posixpath.normpath(unquote(html.unescape(address))))
        if not data or len(data) > self.left:
            return address
        self.left -= len(data)
        return data

    def beside(self, name):
        if name not in self.known:
            self.known[name] = in_base64(self.files.get(name, b""))
        return self.known[name]


def attached(attachments, name):
    """Return a picture that is attached to a cell as an address that holds all of it, or an empty text."""
    bundle = attachments.get(name) if isinstance(attachments, dict) else None
    for mime in PICTURES if isinstance(bundle, dict) else ():
        data = "".join(flat(bundle.get(mime), None).split())
        if is_picture(mime, data) and re.fullmatch("[A-Za-z0-9+/=]+", data):
            return f"data:{mime};base64,{data}"
    return ""


def in_base64(content):
    """Return the picture in a file as an address that holds all of it, or an empty text."""
    for mime, sign in PICTURES.items():
        if content.startswith(sign):
            return f"data:{mime};base64,{base64.b64encode(content).decode()}"
    return ""


CLEAN = SanitizeHTML(
    tags="a b blockquote br code del dd div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub sup "
    "table tbody td th thead tr u ul".split(),
    attributes={"a": ["href", "title"], "img": ["src", "alt", "title", "width", "height"]}
    | {f"h{level}": ["id"] for level in range(1, 7)},
)


@functools.lru_cache(500)  # the given cells are the same in every submission
def rendered(source):
    """Return the HTML of a Markdown text: first made, then cleaned, as a link in Markdown is no HTML yet."""
    source = re.sub(r"\\(?=href|require)", "", source)  # MathJax makes links and loads extensions
    # Headings come with marks that only a style sheet hides.
    made = re.sub("<a [^>]*>(?:¶|&#182;)</a>", "", markdown2html(source))
    return CLEAN.sanitize_html_tags(made)


def as_html(text, name):
    """Return a cell that nbconvert copies into the page as it is: Markdown leaves HTML alone up to the first empty line."""
    lines = "\n".join(line if line.strip() else "<span></span>" for line in text.splitlines())
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": f"<div>{lines}</div>"}
