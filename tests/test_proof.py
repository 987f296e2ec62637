"""proof.py: a build that is not whole, or tells what students must not see, changes neither the release nor the gradebook."""

import shutil
import sqlite3

import pytest
from term import NAME, Course, read_source, write_source
from test_helpers import files, name_helpers, shopping

from grading.assignment import NbGraderException

WITHOUT = """
from nbgrader.converters import GenerateAssignment
c.GenerateAssignment.preprocessors = [
    one for one in GenerateAssignment().preprocessors if one.__name__ != "{}"
]
"""
HOOK = """
import pathlib, nbformat
def hook(assignment, student, notebooks):
    path = pathlib.Path("build", "release", assignment, assignment + ".ipynb")
    notebook = nbformat.read(path, as_version=4)
    cells = {{cell.id: cell for cell in notebook.cells}}
    {}
    nbformat.write(notebook, path)
c.GenerateAssignment.post_convert_hook = hook
"""


def all_of(course):
    """Return what there is of the release, and every row of the gradebook."""
    with sqlite3.connect(course.folder / "gradebook.db") as gradebook:
        return files(course.folder / "release"), [*gradebook.iterdump()]


@pytest.fixture(scope="module")
def released(numbers_course, tmp_path_factory):
    course = shopping(shutil.copytree(numbers_course, tmp_path_factory.mktemp("proof") / "a course"))
    course.release()
    return course


@pytest.fixture
def course(released, tmp_path):
    return Course(shutil.copytree(released.folder, tmp_path / "a course"))


def configure(course, text):
    with open(course.folder / "nbgrader_config.py", "a") as config:
        config.write(text)


def refused(course, words):
    """Change the source, find its build refused, and nothing else changed."""
    notebook = read_source(course.folder)
    notebook.cells[0].source += "\n\nRead this, too."
    write_source(course.folder, notebook)
    before = all_of(course)
    with pytest.raises(NbGraderException, match=f"{words}.*The release and the gradebook are as they were"):
        course.release()
    assert all_of(course) == before


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("ClearSolutions", "cell double .*students must not see .(### BEGIN SOLUTION|return 2 . x)"),
        ("ClearHiddenTests", "cell double-test .*students must not see .(### BEGIN HIDDEN|assert double.-1. == -2)"),
    ],
)
def test_what_only_the_author_sees_is_not_released(course, step, line):
    configure(course, WITHOUT.format(step))
    refused(course, line)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("cells['double'].source += '\\n    return 2 * x'", r"cell double that students must not see .return 2 \* x"),
        ("cells['why'].source = 'Because.'", "cell why that students must not see .Because"),
        ("cells['square-test'].source += '\\nassert double(-1) == -2'", ""),
        ("notebook.cells.remove(cells['double-test'])", "without the cell double-test"),
        ("cells['double-test'].metadata.nbgrader.points = 5", "without the cell double-test"),
        (
            "notebook.cells.append(nbformat.from_dict(cells['double-test'] | {'id': 'other'}))",
            "double-test .*with two of that name",
        ),
        ("path.with_name('shop.py').unlink()", "what was built lacks shop.py"),
        ("path.with_name('shop.py').write_text('from')", "shop.py was built with other bytes"),
        ("cells['double-test'].metadata.tags = 5", "no valid notebook"),
        ("path.unlink(); path = path.with_name('another.ipynb')", f"what was built lacks {NAME}.ipynb"),
    ],
)
def test_a_build_that_is_not_whole_is_refused(course, change, words):
    configure(course, HOOK.format(change))
    if words:
        refused(course, words)
    else:  # a hidden line of one cell may stand in another
        course.release()


def test_a_helper_that_is_no_python_is_refused(course):
    (course.folder / "shop.py").write_text("def cost(:\n")
    refused(course, "the helper shop.py is no Python .invalid syntax.*line 1")


@pytest.mark.parametrize("named", [["shop.py"], []], ids=["by a helper", "by the notebook"])
def test_a_helper_that_is_imported_and_not_named_is_told(course, named):
    shutil.move(course.folder / "shelf" / "prices.py", course.folder / "prices.py")
    (course.folder / "shop.py").write_text("def cost(number):\n    import prices\n    return prices.PRICE * number\n")
    name_helpers(course.folder, {NAME: named})
    refused(course, f"{'prices.py' if named else 'shop.py'} lies beside nbgrader_config.py and is imported")


def test_a_course_that_names_no_helper_is_not_asked_for_any(course):
    """As with an unmodified nbgrader: what lies there may be anything, and what is imported may be installed."""
    configure(course, "\ndel c.Grading\n")
    course.release()
    assert [*files(course.folder / "release" / NAME)] == [f"{NAME}.ipynb"]


def test_where_a_hook_of_the_course_changes_what_lies_beside_a_notebook_that_is_its_own_business(course):
    (course.folder / "source" / NAME / "notes.txt").write_text("mine")
    configure(course, HOOK.format("path.with_name('notes.txt').unlink()"))
    course.release()
    assert "notes.txt" not in files(course.folder / "release" / NAME)
