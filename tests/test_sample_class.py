"""The sample class, graded for real: what its script builds, what examples/README.md says of it, what its pages say."""

import html
import re
import runpy
import shutil
import subprocess
import sys

import pytest
from answers import EXERCISES
from courses import ROOT
from term import score_of

from grading import standing
from grading.assignment import CourseAssignment

TESTS = [f"{name}-test" for name in EXERCISES]


def expected_class():
    """The table of examples/README.md."""
    rows = {}
    for line in (ROOT / "examples" / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[2].isdigit():
            rows[cells[0]] = (dict(zip(TESTS, map(float, cells[2:5]))), cells[5])
    return rows


@pytest.fixture(scope="module")
def graded_class(sample_class):
    return CourseAssignment("initialization", sample_class)


@pytest.fixture(scope="module")
def results(graded_class):
    return dict(standing.results(graded_class))


def test_sample_class_is_what_its_script_builds(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("submitted"))
    shutil.copytree(ROOT / "release", tmp_path / "release")
    subprocess.run([sys.executable, tmp_path / "examples" / "build.py"], check=True)
    built, committed = tmp_path / "examples" / "submitted", ROOT / "examples" / "submitted"
    files = sorted(path.relative_to(built) for path in built.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(committed) for path in committed.rglob("*") if path.is_file())
    for file in files:
        assert (built / file).read_text() == (committed / file).read_text(), "run python examples/build.py"


def test_the_script_of_the_sample_class_leaves_nobody_of_an_earlier_one(tmp_path):
    shutil.copytree(ROOT / "release", tmp_path / "release")
    (tmp_path / "examples" / "submitted" / "somebody").mkdir(parents=True)
    runpy.run_path(shutil.copy(ROOT / "examples" / "build.py", tmp_path / "examples"))["main"]()
    students = {path.name for path in (tmp_path / "examples" / "submitted").iterdir()}
    assert students == {path.name for path in (ROOT / "examples" / "submitted").iterdir()}


def test_a_mistake_of_the_sample_class_that_no_cell_has_is_told():
    script = runpy.run_path(ROOT / "examples" / "build.py")
    with pytest.raises(ValueError, match="he-exercise does not contain 'np.cbrt'"):
        script["notebook"](script["RIGHT"], ("he-exercise", "np.cbrt", "np.sqrt"))


def test_sample_class_gets_the_scores_that_it_should(results):
    assert {name: (result.scores, result.status) for name, result in results.items()} == expected_class()
    assert len(results) >= 10
    assert all(result.max_score == 30 for result in results.values())


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("ada", ["All checks passed."]),
        ("carla", ["he: Expected: W1 starts with", "the draws times 0.5345", "This is Xavier"]),
        ("dmitri", ["zeros: Expected: W1 of shape (5, 7) Got: W1 of shape (7, 5) Hint: Rows and columns are swapped."]),
        ("farid", ["random: not written yet", "he: not written yet"]),
        ("ines", ["more than 5 s", "never ends"]),
        ("jonas", ["random: initialize_parameters_random is not defined, because its cell can't be run: SyntaxError"]),
        ("kavya", ["cut off", "submit the notebook again"]),
        ("lars", ["All checks passed."]),
        ("omar", ["ended the notebook's own process"]),
    ],
)
def test_message_says_what_happened(results, student, words):
    for word in words:
        assert word in results[student].message


def test_nbgrader_has_the_same_scores_in_its_gradebook(graded_class, results):
    with graded_class.gradebook() as gradebook:
        stored = {entry["student"]: entry["score"] for entry in gradebook.submission_dicts("initialization")}
    for student, result in results.items():
        assert stored.get(student, 0.0) == result.score


def test_feedback_pages_carry_the_message_of_the_check(graded_class, results):
    for student, result in results.items():
        page = graded_class.feedback_path(student)
        assert page.exists(), student
        source = re.sub(r"<code>([^<]+)</code>", r"`\1`", page.read_text())
        text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", source)).split())
        assert score_of(page) == result.score
        for message in result.messages.values():
            for line in message.splitlines():
                said = re.sub(r"^(Expected|Got|Hint):", "", line)
                assert " ".join(said.split()) in text, (student, line)
        assert "hidden_test" not in text and "RandomState(3)" not in text
