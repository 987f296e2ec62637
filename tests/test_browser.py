"""The student's path and the instructor's, in a real JupyterLab in a real browser. `make pictures` keeps what they see."""

import getpass
import re
import shutil

import pytest
from courses import ROOT, copy_course, graded, nbgrader, points_in
from nbgrader.api import Gradebook
from playwright.sync_api import expect
from programs import run_as
from servers import jupyter

ANSWERS = {
    "zeros": "np.zeros((layers_dims[l], layers_dims[l-1]))",
    "random": "np.random.randn(layers_dims[l], layers_dims[l-1]) * 10",
    "he": "np.random.randn(layers_dims[l], layers_dims[l-1]) * np.sqrt(2 / layers_dims[l-1])",
}
SLOW = 300_000  # milliseconds: ten times what an idle machine takes to train all networks
expect.set_options(timeout=SLOW)


class Lab:
    """JupyterLab, by what a person sees and does."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/lab?token=secret")

    def open(self, path):
        self.page.goto(f"{self.address}/lab/tree/{path}")
        expect(self.page.locator(".jp-NotebookPanel")).to_be_visible()
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("| Idle")

    def list_of_assignments(self, button, then):
        """Press a button in nbgrader's list of assignments, and wait for the assignment under another heading."""
        self.menu("Nbgrader", "Assignment List")
        self.page.locator("#assignments").get_by_role("button", name=button, exact=True).click()
        expect(self.page.locator(f"#{then}_assignments_list")).to_contain_text("initialization")

    def cell(self, text):
        """Return the code cell that holds a text."""
        return self.page.locator(".jp-CodeCell", has=self.page.locator(".jp-InputArea", has_text=text))

    def menu(self, name, item):
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=item).click()

    def run_all(self):
        self.menu("Kernel", re.compile("Restart Kernel and Run All Cells"))
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()

    def run(self, text):
        cell = self.cell(text)
        cell.locator(".cm-content").click()
        expect(cell).to_have_class(re.compile("jp-mod-active"))
        self.page.keyboard.press("Control+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))

    def solve(self, exercise, answer):
        """Type a solution in place of the stub, as a person does."""
        stub = self.cell(f"def initialize_parameters_{exercise}(")
        stub.locator(".cm-line", has_text="# YOUR CODE HERE").click()
        keys = self.page.keyboard
        for press in ("End", "Home", "Shift+ArrowDown", "Shift+End"):
            keys.press(press)
        keys.type("for l in range(1, L + 1):\n")
        keys.type(f'parameters["W" + str(l)] = {answer}\n')
        keys.type('parameters["b" + str(l)] = np.zeros((layers_dims[l], 1))')

    def save(self):
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-current.jp-mod-dirty")).to_have_count(0)


@pytest.fixture
def page(browser):
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context.new_page()


@pytest.fixture
def folder(tmp_path):
    """What a student gets without an exchange: the files."""
    return shutil.copytree(ROOT / "release", tmp_path / "my course", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def picture(request, page):
    """Return a function that keeps what a person sees now, where pictures are asked for."""
    folder = request.config.getoption("--pictures")
    return lambda name: folder and page.screenshot(path=folder / f"{name}.png")


@pytest.mark.slow
@pytest.mark.xdist_group("solving")
def test_a_student_solves_the_assignment(page, picture, tmp_path):
    """From fetching it to reading the feedback, all through nbgrader's exchange."""
    course, student, folder = copy_course(tmp_path / "course", grader=True), getpass.getuser(), tmp_path / "my course"
    exchange = f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n"
    with open(course / "nbgrader_config.py", "a") as config:
        config.write(exchange)
    for command in ("generate_assignment", "release_assignment"):
        nbgrader(course, command, "initialization")
    folder.mkdir()
    with jupyter(
        folder, tmp_path / "home", exchange + "c.CourseDirectory.course_id = 'weight-initialization'"
    ) as address:
        lab = Lab(page, address)
        lab.list_of_assignments("Fetch", "fetched")
        lab.open("initialization/initialization.ipynb")
        solve_everything(lab, picture)
        lab.list_of_assignments("Submit", "submitted")
        nbgrader(course, "collect", "initialization")
        graded(course)
        assert points_in(course, [student]) == {student: {"zeros": 10, "random": 10, "he": 10}}
        nbgrader(course, "release_feedback", "initialization")
        page.locator("#refresh_assignments_list").click()
        lab.list_of_assignments("Fetch Feedback", "submitted")
        expect(page.locator("#submitted_assignments_list").get_by_text("view feedback")).to_be_visible()
    (feedback,) = folder.glob("initialization/feedback/*/initialization.html")
    page.goto(feedback.as_uri())
    expect(page.locator("body")).to_contain_text("30 of 30 points")


def solve_everything(lab, picture):
    """See the stubs fail, write all three functions, run everything, save and validate."""
    lab.run_all()
    first = lab.cell("initialize_parameters_zeros([3, 2, 1])")
    expect(first.locator(".jp-OutputArea")).to_contain_text("Write your code here, and delete this line.")
    lab.run("initialize_parameters_zeros_test(")
    expect(lab.cell("initialize_parameters_zeros_test(").locator(".jp-OutputArea")).to_contain_text(
        "NotImplementedError"
    )

    for exercise, answer in ANSWERS.items():
        lab.solve(exercise, answer)
    lab.run_all()
    table = lab.cell("preflight(globals())").locator(".jp-OutputArea table")
    expect(table).to_be_visible()
    for exercise in ANSWERS:
        expect(lab.cell(f"initialize_parameters_{exercise}_test(").locator(".jp-OutputArea")).to_have_text(
            "All tests passed.\n"
        )
    pictures = lab.page.locator(".jp-OutputArea img")
    assert pictures.count() == 8 and all(len(one.get_attribute("alt")) > 50 for one in pictures.all())
    expect(lab.cell("preflight(globals())").locator(".jp-OutputArea")).to_contain_text("hand in")
    lab.cell('train_and_look("he")').locator("img").last.scroll_into_view_if_needed()
    picture("notebook")
    lab.save()
    lab.page.get_by_role("button", name="Validate").click()
    dialog = lab.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Success! Your notebook passes all the tests.")
    dialog.get_by_role("button").last.click()


@pytest.mark.xdist_group("hint")
def test_a_wrong_answer_gets_its_hint(page, picture, folder, tmp_path):
    with jupyter(folder, tmp_path / "home") as address:
        lab = Lab(page, address)
        lab.open("initialization/initialization.ipynb")
        lab.run("import numpy as np")
        lab.solve("he", ANSWERS["he"].replace("2 /", "1 /"))
        lab.run("def initialize_parameters_he(")
        lab.run("initialize_parameters_he_test(")
        said = lab.cell("initialize_parameters_he_test(").locator(".jp-OutputArea")
        expect(said).to_contain_text("Xavier")
        assert "Traceback" not in said.inner_text()
        said.scroll_into_view_if_needed()
        picture("hint")
        lab.save()
    course = copy_course(tmp_path / "course", grader=True)
    nbgrader(course, "generate_assignment", "initialization")
    shutil.copytree(folder / "initialization", course / "submitted" / "ada" / "initialization")
    assert points_in(graded(course), ["ada"]) == {"ada": {"zeros": 0, "random": 0, "he": 0}}
    page.goto((course / "feedback" / "ada" / "initialization" / "initialization.html").as_uri())
    expect(page.locator("body")).to_contain_text("Xavier")


@pytest.fixture(scope="module")
def unfinished(once):
    """The page of a student whose submission took more memory than the grader gives any."""

    def grade(place):
        course = copy_course(place / "a course", grader=True)
        nbgrader(course, "generate_assignment", "initialization")
        folder = course / "submitted" / "nadia" / "initialization"
        folder.mkdir(parents=True)
        much = b",".join([b"{}"] * 15_000_000)
        (folder / "initialization.ipynb").write_bytes(
            b'{"nbformat": 4, "metadata": {"a": [' + much + b']}, "cells": []}'
        )
        graded(course)

    return once("unfinished", grade) / "a course" / "feedback" / "nadia" / "initialization" / "initialization.html"


@pytest.mark.parametrize(
    ("student", "name", "width", "height", "look", "told"),
    [
        ("carla", "feedback", 960, 600, {}, "20 of 30 points"),
        ("ada", "feedback-right", 960, 600, {"color_scheme": "dark"}, "30 of 30 points"),
        ("ines", "feedback-timed-out", 400, 800, {}, "Timed out: your code ran too long and was stopped."),
        ("nadia", "feedback-failed", 400, 560, {}, "Failed: this could not be graded."),
        ("carla", "feedback-printed", 680, 960, {"media": "print"}, "not yet, 0 of 10 points"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("feedback") else "",
)
def test_a_student_reads_the_feedback(request, page, picture, student, name, width, height, look, told):
    place = request.getfixturevalue("unfinished" if student == "nadia" else "sample_class")
    file = place if student == "nadia" else place / "feedback" / student / "initialization" / "initialization.html"
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(**look)
    page.goto(file.as_uri())
    expect(page.get_by_text(told).first).to_be_in_viewport()
    picture(name)


@pytest.mark.parametrize(
    ("course", "name", "height", "look", "told"),
    [
        ("sample_class", "class-report", 1280, {}, "Rows and columns of the weights swapped"),
        ("thousand", "class-report-1000", 1280, {}, "Xavier's scale in place of He's"),
        ("thousand", "class-report-dark", 900, {"color_scheme": "dark"}, "The shape of zeros not as a tuple"),
    ],
    ids=["class-report", "class-report-1000", "class-report-dark"],
)
def test_an_instructor_reads_what_the_class_learned(request, page, picture, tmp_path, course, name, height, look, told):
    if course == "thousand":
        place = request.getfixturevalue("thousand")[0]
    else:
        place = shutil.copytree(request.getfixturevalue("sample_class"), tmp_path / "a course")
        line = ["grading", "report", "initialization", "--course", str(place)]
        assert run_as("grading.__main__", place, line, {})[0] == 0
    page.set_viewport_size({"width": 1000, "height": height})
    page.emulate_media(**look)
    page.goto((place / "grades" / "initialization.html").as_uri())
    expect(page.get_by_text(told).first).to_be_in_viewport()
    picture(name)
    page.locator("article summary").first.click()
    expect(page.locator("article .students").first).to_be_visible()


@pytest.fixture
def companion(page, folder, tmp_path):
    """The companion, open in JupyterLab."""
    with jupyter(folder, tmp_path / "home") as address:
        lab = Lab(page, address)
        lab.open("explore/explore.ipynb")
        yield lab


@pytest.mark.slow
def test_the_playground_works_by_keyboard(page, picture, companion):
    lab = companion
    lab.run("from explore import")
    lab.run("playground(X, Y)")
    cell = lab.cell("playground(X, Y)")
    image = cell.locator(".jp-OutputArea img")
    expect(image).to_be_visible()
    seen = [image.get_attribute("alt")]

    def changed():
        expect(image).not_to_have_attribute("alt", seen[-1])
        seen.append(image.get_attribute("alt"))

    cell.get_by_role("button", name="Xavier").press("Enter")
    changed()
    expect(cell.get_by_role("button", name="✓ Xavier")).to_be_visible()
    for name, key, then in (("Hidden layers", "ArrowUp", "3"), ("Learning rate", "ArrowUp", "0.11")):
        field = cell.get_by_role("spinbutton", name=name)
        field.press(key)
        expect(field).to_have_value(then)
        changed()
    cell.get_by_role("checkbox", name="Normalize each hidden layer").press("Space")
    changed()
    assert seen[-1].endswith("Xavier times 1, hidden layers: 3, learning rate 0.11, seed 3, normalized.")
    page.set_viewport_size({"width": 800, "height": 600})
    outputs = cell.locator(".jp-OutputArea-output").all()
    assert all(one.evaluate("one => one.scrollWidth == one.clientWidth") for one in outputs), "no scrolling sideways"
    page.set_viewport_size({"width": 1280, "height": 900})
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "500 steps more":
            break
    page.keyboard.press("Enter")
    changed()
    assert seen[-1].startswith("After 1000 steps")
    cell.get_by_role("button", name="Same start again").press("Enter")
    changed()
    assert seen[-1] == seen[-3], "the same start leads to the same picture"
    image.scroll_into_view_if_needed()
    picture("playground")


@pytest.mark.slow
def test_an_instructor_reads_the_class_in_the_formgrader(page, picture, sample_class, tmp_path):
    page.set_default_timeout(SLOW)
    with jupyter(sample_class, tmp_path / "home") as address:
        page.goto(f"{address}/formgrader/?token=secret")
        expect(page.get_by_role("link", name="initialization", exact=True).first).to_be_visible()
        page.goto(f"{address}/formgrader/manage_submissions/initialization")
        students = {path.name for path in (ROOT / "examples" / "submitted").iterdir()}
        for student in students:
            expect(page.get_by_role("row", name=re.compile(student))).to_contain_text("graded")
        expect(page.get_by_role("row", name=re.compile("ada"))).to_contain_text("30 / 30")
        picture("formgrader")
        with Gradebook(f"sqlite:///{sample_class / 'gradebook.db'}", "weight-initialization") as gradebook:
            found = {one.student_id: one.notebooks[0].id for one in gradebook.assignment_submissions("initialization")}
        for student, said in {"ines": "timed_out", "kavya": "malformed", "omar": "crashed"}.items():
            page.goto(f"{address}/formgrader/submissions/{found[student]}")
            expect(page.locator("body")).to_contain_text(said)
        page.goto(f"{address}/formgrader/submissions/{found['carla']}")
        expect(page.locator("body")).to_contain_text("Xavier")
