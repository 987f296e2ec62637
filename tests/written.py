"""What a student may write into a notebook, and a reader of what is made of it that refuses all that is none of ours."""

import base64
import io
import re
from html.parser import HTMLParser

from PIL import Image

from grading.harmless import CONTROL_CHARACTERS
from grading.markdown import LAYOUT_ELEMENTS, MATHML_ATTRIBUTES, MATHML_ELEMENTS, MATHML_VALUE

ELSEWHERE = "http://elsewhere.example/"


def picture(kind="PNG", size=(20, 10), mode="RGB", **options):
    made = io.BytesIO()
    Image.new(mode, size, "white").save(made, kind, **options)
    return made.getvalue()


def in_base_64(content):
    return base64.b64encode(content).decode()


PNG, JPEG = picture(), picture("JPEG")
DATA = f"data:image/png;base64,{in_base_64(PNG)}"


class Seen(HTMLParser):
    """Reads HTML as a browser does, and refuses what is none of ours."""

    def __init__(self, made, also=()):
        super().__init__()
        self.open, self.texts, self.pictures, self.also, self.deepest = [], [], [], also, 0
        self.feed(made)
        self.close()
        assert not self.open, "an element has no end"

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            assert (
                tag == "img"
                and (name == "alt" or name == "src" and re.fullmatch("data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+", value))
                or tag == "ol" and name == "start" and value.isdigit()
                or tag in MATHML_ELEMENTS and name in MATHML_ATTRIBUTES and MATHML_VALUE.fullmatch(value)
                or (tag, name) in self.also
            ), (tag, name, value)  # fmt: skip
            self.texts.append(value)
        assert tag in {*LAYOUT_ELEMENTS, *MATHML_ELEMENTS, "br", "hr", "img"}, tag
        if tag == "img":
            assert [name for name, _ in attributes] == ["alt", "src"]
            self.pictures.append(dict(attributes))
        if tag not in ("br", "hr", "img"):
            self.open.append(tag)
            self.deepest = max(self.deepest, len(self.open))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def refused(self, data):
        raise AssertionError(f"a comment or a declaration: {data}")

    handle_comment = handle_decl = handle_pi = unknown_decl = refused


def is_harmless(made):
    seen = Seen(made)
    assert not CONTROL_CHARACTERS.search("".join(seen.texts))
    return seen


def shows(**data):
    return {"output_type": "display_data", "data": {name.replace("_", "/", 1): value for name, value in data.items()}}


def prints(text):
    return {"output_type": "stream", "name": "stdout", "text": text}
