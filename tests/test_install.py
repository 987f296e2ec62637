"""Another course: what docs/other-courses.md says, done in an environment of its own, and graded beside an unmodified nbgrader."""

import csv
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from courses import ROOT

BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / "other-courses.md").read_text(), re.DOTALL)
INSTALL, QUICKSTART, PLUG_IN, RELEASE, GRADE = (text.splitlines() for kind, text in BLOCKS if kind == "sh")
(VERIFIED,) = (text for kind, text in BLOCKS if kind == "text")
INSTALLED = "pyproject.toml", "LICENSE", "docs/other-courses.md", "grading"
OWN = "initialization", "W1", "layers_dims", "public_tests", "init_utils"  # words of this repository's own assignment
WRONG = "i ** 2 for", "i * 2 for"
PAGES = "problem1.html", "problem2.html"


# ---------------------------------------------------------------------- the package


@pytest.mark.parametrize("word", OWN)
def test_the_grader_knows_nothing_of_this_repositorys_own_assignment(word):
    found = [path.name for path in (ROOT / "grading").rglob("*") if path.suffix != ".pyc" and path.is_file()
             and word in path.read_text(errors="replace")]  # fmt: skip
    assert not found


def test_the_package_has_the_licence_of_the_repository():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name = (ROOT / "LICENSE").read_text().splitlines()[0]
    assert project["license"] == name.removesuffix(" License").replace(" ", "-")


def test_what_is_installed_with_the_grader_has_the_bounds_of_requirements_txt():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    bounds = {line.partition("  #")[0].strip() for line in lines if not line.startswith("#")}
    assert project["dependencies"]
    assert set(project["dependencies"]) <= bounds


# ----------------------------------------------------------------------- the course


@pytest.fixture(scope="session")
def installed(once):
    """The folder in which everything of the page was done: an environment, two courses with the grader, one without."""
    return once("installed", follow_the_page)


def follow_the_page(folder):
    make_environment(folder)
    shell(folder, *QUICKSTART[:1])
    course, plain, other = (folder / name for name in ("course101", "plain", "other"))
    assert QUICKSTART[1:] == ["cd course101"]
    shutil.copytree(course, plain)
    shell(course, *PLUG_IN)
    (course / "said").write_text(shell(course, *RELEASE))
    for student, source in {"ada": "source", "ben": "release", "cleo": "source"}.items():
        shutil.copytree(course / source / "ps1", course / "submitted" / student / "ps1")
    answer = course / "submitted" / "cleo" / "ps1" / "problem1.ipynb"
    assert WRONG[0] in answer.read_text()
    answer.write_text(answer.read_text().replace(*WRONG))
    shutil.copytree(course / "submitted", plain / "submitted")
    shutil.copytree(course, other)
    unmodified = start(plain, "nbgrader generate_assignment ps1", "nbgrader autograde ps1", "nbgrader export")
    shell(course, *GRADE)
    shell(other, "nbgrader autograde ps1", "nbgrader generate_feedback ps1")
    shell(folder, "python -m grading report ps1 --course other")
    ended(unmodified)


def make_environment(folder):
    """Make an environment and install a copy of the project into it; what it depends on is borrowed from the one that runs this."""
    assert INSTALL == ["python -m venv venv", ". venv/bin/activate", "python -m pip install FOLDER"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    # Nothing here needs the grammar of IRIs, which jsonschema loads in every program for seconds.
    quicker = "import sys; sys.modules['rfc3987_syntax'] = None"
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{quicker}\n")
    command = folder / "venv" / "bin" / "nbgrader"
    lines = (
        f"#!{folder}/venv/bin/python",
        "from nbgrader.apps.nbgraderapp import main",
        "if __name__ == '__main__':",
        "    main()",
    )
    command.write_text("\n".join(lines))
    command.chmod(0o755)
    for name in INSTALLED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / "project" / name)
    options = "--quiet --disable-pip-version-check --no-deps"
    if int(importlib.metadata.version("setuptools").partition(".")[0]) >= 77:
        options += " --no-build-isolation"
    shell(folder, f"python -m pip install {options} {folder / 'project'}")


def start(folder, *lines):
    """Start some commands in the environment, one after the other."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] += f"{os.pathsep}{Path(sys.executable).parent}"  # alembic, and what else is borrowed
    environment["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")
    above = folder if (folder / "venv").is_dir() else folder.parent
    script = "\n".join([f". {above}/venv/bin/activate", *lines])
    return subprocess.Popen(
        ["bash", "-ec", script], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ended(process):
    """Return what commands printed, once they have ended well."""
    printed, complained = process.communicate()
    assert process.returncode == 0, printed + complained
    return printed


def shell(folder, *lines):
    return ended(start(folder, *lines))


def table(path):
    with open(path, newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_the_grader_comes_from_the_environment_and_not_from_this_checkout(installed):
    where = shell(installed, "python -c 'import grading; print(grading.__file__)'").strip()
    assert Path(where).is_relative_to(installed / "venv")


def test_verify_says_what_the_page_says(installed):
    said = (installed / "course101" / "said").read_text()
    assert " ".join(VERIFIED.split()) in " ".join(said.split())


@pytest.mark.parametrize("course", ["course101", "other"], ids=["by our command", "by nbgrader's"])
def test_the_scores_are_those_of_an_unmodified_nbgrader(installed, course):
    ours, theirs = table(installed / course / "grades" / "ps1.csv"), table(installed / "plain" / "grades.csv")
    expected = {student: (float(row["score"]), float(row["max_score"])) for student, row in theirs.items()}
    assert expected == {"ada": (3.0, 13.0), "ben": (0.0, 13.0), "cleo": (1.5, 13.0)}
    assert {student: (float(row["score"]), float(row["max_score"])) for student, row in ours.items()} == expected
    assert {row["status"] for row in ours.values()} == {"graded"}
    assert "correct_squares: AssertionError: assert squares(1) == [1]" in ours["cleo"]["message"]


@pytest.mark.parametrize("course", ["course101", "other"], ids=["by our command", "by nbgrader's"])
def test_each_student_has_a_page_for_each_notebook(installed, course):
    for student in ("ada", "ben", "cleo"):
        first, second = ((installed / course / "feedback" / student / "ps1" / name).read_text() for name in PAGES)
        assert f"Feedback for {student}" in first and f"Feedback for {student}" in second
        if student == "ada":
            assert first.count("<strong>right</strong>") == 4 and "<strong>right</strong>" not in second


@pytest.mark.parametrize("course", ["course101", "other"], ids=["by our command", "by nbgrader's"])
def test_the_formgrader_shows_the_picture_beside_a_notebook(installed, course):
    shown = (installed / course / "autograded" / "ada" / "ps1" / "problem1.ipynb").read_text()
    assert "data:image/png;base64," in shown
