"""explore.ipynb after Run All: it asks, shows and tells, in a minute, for every reader, and says what is missing."""

import re
import sys

import nbconvert
import pytest
from courses import ROOT
from run_all import cells_by_id
from test_notebook import Page, needs_scrolling

SECTIONS = ("signal", "values", "depth", "starts", "symmetry", "boundaries", "sweep", "rates", "ratio", "normalization")


def test_restart_and_run_all_takes_less_than_a_minute_of_two_cores(explored):
    """Where the assignment's training takes 1.2 s, as it does on a laptop."""
    assert explored[2] * 1.2 < 2 * 60


def test_no_line_of_code_needs_scrolling(explored):
    assert not needs_scrolling(explored[0])


def test_each_section_asks_shows_and_tells(explored):
    cells = cells_by_id(explored[0])
    for name in SECTIONS:
        assert "**Guess first.**" in cells[f"{name}-text"].source
        assert [output.output_type for output in cells[name].outputs if "image" in str(output.data)], name
        answer = cells[f"{name}-meaning"].source  # folded, so that a guess stays a guess
        assert answer.startswith("<details>\n<summary><b>What it shows</b></summary>\n\n")
        assert answer.endswith("\n\n</details>")


def test_nothing_is_left_on_the_screen_but_pictures_and_times(explored):
    for cell in explored[0].cells:
        for output in cell.get("outputs", []):
            assert output.output_type in ("display_data", "execute_result"), (cell.id, output)


def test_the_long_training_shows_how_far_it_is(explored):
    shown = [output.data.get("text/html", "") for output in cells_by_id(explored[0])["depth"].outputs]
    assert re.search(r"Trained 9 networks in \d+ seconds\.", shown[0])


@pytest.fixture(scope="module")
def page(explored):
    return Page(nbconvert.HTMLExporter().from_notebook_node(explored[0])[0])


def test_every_picture_has_alt_text_in_the_export(page):
    assert len(page.images) == len(SECTIONS) + 1
    for image in page.images:
        assert len(image.get("alt", "")) > 60, image


def test_headings_come_in_order_and_every_link_has_its_target(page, companion):
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(below <= above + 1 for above, below in zip(page.headings, page.headings[1:]))
    listed = re.findall(r"- \[(.+?)\]\(#(.+?)\)", cells_by_id(companion)["contents"].source)
    headings = [line[3:] for cell in companion.cells for line in cell.source.splitlines() if line.startswith("## ")]
    assert [title for title, _ in listed] == [heading for heading in headings if heading != "Contents"]
    assert {link for _, link in listed} <= page.ids


def test_the_notebook_carries_no_outputs_and_ids_are_words(companion):
    for cell in companion.cells:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id), cell.id
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, cell.id


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("explore", "Get explore.py and the other .py files from whoever gave you this notebook"),
        ("training", "Get training.py and the other .py files from whoever gave you this notebook"),
        ("init_utils", "Get init_utils.py and the other .py files from whoever gave you this notebook"),
        ("sklearn", "Run `pip install scikit-learn`, restart the kernel"),
        ("threadpoolctl", "Run `pip install threadpoolctl`, restart the kernel"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(companion, monkeypatch, missing, says):
    helpers = [path.stem for path in (ROOT / "release" / "explore").glob("*.py")]
    for module in (*helpers, "sklearn.datasets"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(Exception) as raised:
        exec(cells_by_id(companion)["packages"].source, {})
    (said,) = raised.value._render_traceback_()  # what Jupyter shows in place of a traceback
    assert said.startswith(says) and said.endswith("run all cells again.") and said.count(". ") == 0
    assert raised.value.__suppress_context__
