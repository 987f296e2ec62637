"""harmless.py: of a text what it says is left, of a picture what was checked."""

import io

import pytest
from PIL import Image
from written import JPEG, PNG, in_base_64, is_harmless, picture

from grading.harmless import MAX_PICTURE_CHARACTERS, MAX_PIXELS, MAX_TEXT, PICTURE_FORMATS, Pictures, harmless_text
from grading.markdown import markdown_as_html

# ------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\x1b[1;31mred\x1b[0m and \x1b[38;5;1mmore\x1b[m", "red and more"),
        ("\x1b[38mhello", "hello"),
        ("\x1b[38;5mhello\x1b[", "hello"),
        ("\x1b]8;;http://a.example\x07a link\x1b]8;;\x1b\\!", "a link!"),
        ("a\u202eb\u2066c\u200fd\x00e\x7ff\x9bg\ue000h\ud800i", "a�b�c�d�e�f�g�h�i"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        (["one\n", "two", 3, None], "one\ntwo"),
        ("naïve 你好 👩‍💻 שלום", "naïve 你好 👩‍💻 שלום"),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_a_text_keeps_what_it_says_and_loses_what_is_obeyed(written, read):
    assert harmless_text(written) == read


def test_a_long_text_says_how_much_of_it_is_left_out():
    assert harmless_text("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert (
        harmless_text("x" * (MAX_TEXT + 7))
        == "x" * MAX_TEXT + "\n... and 7 characters more, which are too many to be shown"
    )
    assert harmless_text("abcdef", 4).startswith("abcd\n... and 2 ")


# --------------------------------------------------------------------------- pictures


def animated(kind):
    made = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "white", "blue")]
    frames[0].save(made, kind, save_all=True, append_images=frames[1:], duration=20)
    return made.getvalue()


NOISY = picture(size=(300, 300))
DAMAGED = {
    "cut off": NOISY[: len(NOISY) // 2],
    "without an end": NOISY[:-12],
    "another byte": NOISY[:-60] + bytes([NOISY[-60] ^ 1]) + NOISY[-59:],
    "nothing but a beginning": b"\x89PNG\r\n\x1a\n",
    "an animation": animated("PNG"),
    "a web page": b"<html><script>alert(1)</script>",
    "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a GIF": picture("GIF"),
    "a WebP": animated("WEBP"),
    "a JPEG that is cut off": picture("JPEG", (300, 300))[:-200],
    "a bomb": picture(size=(10_000, 10_000), mode="1"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_no_whole_picture_is_not_shown(name, recwarn):
    content = DAMAGED[name]
    for mime in PICTURE_FORMATS:
        assert Pictures().data_address(f"data:{mime};base64,{in_base_64(content)}") == ""
    assert Pictures({"a.png": content}).address_of("a.png", None) == ""
    assert not recwarn.list  # a warning would be printed for each


def test_a_photograph_that_brings_others_along_is_shown():
    several = picture("MPO", (300, 300), save_all=True, append_images=[Image.new("RGB", (90, 90))])
    assert Pictures().data_address(f"data:image/jpeg;base64,{in_base_64(several)}")


def test_a_picture_is_shown_as_it_is_whatever_follows_it():
    trailing = PNG + b"<script>alert(1)</script>"
    assert Pictures().data_address(f"data:image/png;base64,{in_base_64(trailing)}").startswith("data:image/png;base64,")


def test_pictures_are_shown_as_long_as_there_is_room():
    noise = Image.frombytes("RGB", (700, 700), bytes(range(256)) * 5742 + bytes(48))
    made = io.BytesIO()
    noise.save(made, "PNG", compress_level=0)
    pictures = Pictures({"a b.png": made.getvalue(), "in/small.jpg": JPEG})
    shown = markdown_as_html("![](a%20b.png)" * 9 + "![](./in/small.jpg) ![](../gone.png)", pictures)
    found = is_harmless(shown).pictures
    assert [one["src"][:16] for one in found] == ["data:image/png;b"] * 3 + ["data:image/jpeg;"]
    assert len(shown) < MAX_PICTURE_CHARACTERS + 1000 and "(a picture that is not here: ../gone.png)" in shown


def test_pictures_have_together_no_more_pixels_than_a_browser_can_hold():
    large = picture(size=(4_000, 4_000))
    shown = markdown_as_html("![](a.png)" * 9, Pictures({"a.png": large}))
    assert len(is_harmless(shown).pictures) == MAX_PIXELS // 16_000_000


def test_what_is_attached_is_shown():
    attached = {
        "a b.png": {"image/png": in_base_64(PNG)},
        "c": {"image/svg+xml": "<svg/>"},
        "d": "x",
        "e": {"image/png": 1},
    }
    shown = markdown_as_html(
        "![one](attachment:a%20b.png) " + " ".join(f"![{n}](attachment:{n})" for n in "cdef"), Pictures(), attached
    )
    assert [one["alt"] for one in is_harmless(shown).pictures] == ["one"]
    assert [f"(a picture that is not here: {name})" in shown for name in "cdef"] == [True] * 4
    for nothing in (None, [], "a", {"a b.png": None}):
        assert not is_harmless(markdown_as_html("![one](attachment:a%20b.png)", Pictures(), nothing)).pictures
