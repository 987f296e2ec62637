"""helpers.py: what several assignments share lies once, beside nbgrader_config.py, and is released with each."""

import shutil

import foreign
import nbformat
import pytest
from courses import ROOT, nbgrader
from nbgrader.coursedir import CourseDirectory
from term import NAME, RIGHT, Course, a_test, hand_in, read_source, write_source

from grading.apart import create_throwaway_gradebook
from grading.assignment import NbGraderException
from grading.helpers import helpers_in_source

SHOP = "from shelf.prices import PRICE\n\ndef cost(number):\n    return number * PRICE\n"
SET = "\nc.Grading.helpers = {}\n"


@pytest.fixture
def course(numbers_course, tmp_path):
    """A course whose notebook imports a helper, which imports another one, in a folder."""
    course = shopping(shutil.copytree(numbers_course, tmp_path / "a course"))
    shutil.rmtree(course.folder / "release")
    return course


def shopping(folder):
    (folder / "shelf").mkdir()
    (folder / "shelf" / "prices.py").write_text("PRICE = 3\n")
    (folder / "shop.py").write_text(SHOP)
    notebook = read_source(folder)
    notebook.cells.insert(1, nbformat.v4.new_code_cell("from shop import cost", id="imports"))
    notebook.cells.append(a_test("shop-test", "assert double(cost(2)) == 12", 1))
    write_source(folder, notebook)
    name_helpers(folder, {NAME: ["shop.py", "shelf/prices.py"], "another": ["not there.py"]})
    return Course(folder)


def name_helpers(folder, helpers):
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(SET.format(helpers))


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


WITH_HELPERS = {f"{NAME}.ipynb", "shop.py", "shelf/prices.py"}


def test_helpers_are_released_and_graded_with(course):
    before = files(course.folder / "source")
    course.release()
    released = files(course.folder / "release" / NAME)
    assert released.keys() == WITH_HELPERS and released["shop.py"] == SHOP.encode()
    assert files(course.folder / "source") == before
    hand_in(course.folder, "amy", RIGHT)
    shutil.copytree(course.folder / "release" / NAME, course.folder / "submitted" / "amy" / NAME, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("*.ipynb"))  # fmt: skip
    (course.folder / "submitted" / "amy" / NAME / "shelf" / "prices.py").write_text(
        "PRICE = 5\n"
    )  # the course's go before
    assert course.autograde()[0] == {"amy": "graded"}
    assert course.standing("amy").scores["shop-test"] == 1
    (course.folder / "shelf" / "prices.py").write_text("PRICE = 4\n")
    with pytest.raises(NbGraderException, match="has changed since it was released: shelf/prices.py"):
        course.autograde()


@pytest.mark.slow
def test_what_is_built_is_what_nbgrader_builds_where_all_of_it_lies_in_the_source(course, tmp_path):
    """An unmodified nbgrader, with the helpers copied into the source."""
    course.release()
    plain = tmp_path / "plain"
    shutil.copytree(course.folder / "source", plain / "source")
    for name in ("shop.py", "shelf/prices.py"):
        (plain / "source" / NAME / name).parent.mkdir(exist_ok=True)
        shutil.copy(course.folder / name, plain / "source" / NAME / name)
    (plain / "nbgrader_config.py").write_text((course.folder / "nbgrader_config.py").read_text())
    create_throwaway_gradebook(plain / "gradebook.db")
    nbgrader(plain, "generate_assignment", NAME)
    assert files(plain / "release") == files(course.folder / "release")


@pytest.mark.parametrize(
    "options",
    [
        [],
        pytest.param(["--no-db"], marks=pytest.mark.slow),
        pytest.param([f"--notebook={NAME}"], marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_nbgraders_own_command_takes_them_along(course, options):
    shutil.copytree(ROOT / "grading", course.folder / "grading", ignore=shutil.ignore_patterns("__pycache__"))
    nbgrader(course.folder, "generate_assignment", NAME, *options)
    assert files(course.folder / "release" / NAME).keys() == WITH_HELPERS


def test_code_that_nbgrader_runs_to_write_tests_finds_them(course):
    (course.folder / "autotests.yml").write_text(foreign.AUTOTESTS)
    notebook = read_source(course.folder)
    notebook.cells.append(a_test("written-test", "### AUTOTEST cost(2)", 1))
    write_source(course.folder, notebook)
    course.release()
    assert "6" in course.assignment.generated_tests(course.assignment.course.db_url)[NAME]["written-test"]


@pytest.mark.parametrize("name", ["missing.py", "../outside.py", "/etc/hostname", "", "shelf", "other.ipynb"])
def test_what_is_no_file_of_the_course_is_refused(course, name):
    (course.folder.parent / "outside.py").touch()
    (course.folder / "other.ipynb").touch()
    name_helpers(course.folder, {NAME: [name]})
    with pytest.raises(NbGraderException, match=f"names '{name}' among the helpers of {NAME}. Expected a file in"):
        course.release()


@pytest.mark.parametrize("helpers", [["shop.py"], {NAME: "shop.py"}, {NAME: [1]}], ids=str)
def test_another_kind_of_setting_is_refused(course, helpers):
    name_helpers(course.folder, helpers)
    with pytest.raises(NbGraderException, match="Expected a list of files for each assignment"):
        course.release()


def test_a_file_that_is_there_twice_is_refused(course):
    course.release()
    before = files(course.folder / "release")
    shutil.copy(course.folder / "shop.py", course.folder / "source" / NAME)
    with pytest.raises(NbGraderException, match="shop.py lies in .* too. Expected it once"):
        course.release()
    assert files(course.folder / "release") == before


def test_without_helpers_nbgrader_builds_from_the_source_itself(tmp_path):
    course = CourseDirectory(root=str(tmp_path), assignment_id=NAME)
    with helpers_in_source(course, {}):
        assert course.source_directory == "source"
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.py", "folder/outside.py", "solution.txt", "loop.py", "other.IPYNB"])
def test_a_link_out_of_the_course_and_one_to_a_notebook_are_refused(course, name):
    (course.folder.parent / "elsewhere").mkdir()
    (course.folder.parent / "elsewhere" / "outside.py").touch()
    (course.folder / "other.IPYNB").touch()
    (course.folder / "out.py").symlink_to("../elsewhere/outside.py")
    (course.folder / "folder").symlink_to("../elsewhere")
    (course.folder / "solution.txt").symlink_to(f"source/{NAME}/{NAME}.ipynb")
    (course.folder / "loop.py").symlink_to("loop.py")
    name_helpers(course.folder, {NAME: [name]})
    with pytest.raises(NbGraderException, match=f"names '{name}' among the helpers of {NAME}. Expected a file in"):
        course.assignment.helpers()


def test_a_link_within_the_course_is_a_helper(course):
    (course.folder / "link.py").symlink_to("shop.py")
    name_helpers(course.folder, {NAME: ["link.py"]})
    assert course.assignment.helpers() == {"link.py": SHOP.encode()}
