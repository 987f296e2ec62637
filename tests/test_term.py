"""A term, told as a story, here and with an unmodified nbgrader."""

import csv
import json
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
import term
from courses import nbgrader
from nbgrader.api import Gradebook
from programs import run_as
from servers import jupyter
from term import NAME, RIGHT, WRONG, a_test, course_in, read_source, score_of, write_source
from waiting import PATIENCE


@dataclass
class Term:
    """One course through a term: what its instructor does, by the commands and the formgrader that they have.

    Attributes
    ----------
    folder, exchange : pathlib.Path
    ours : bool
        Whether the grader of this project is plugged in.
    server : str
        Address of the instructor's Jupyter.
    seen : dict of str to str
        What was seen, by what it is.
    """

    folder: Path
    exchange: Path
    ours: bool
    server: str = ""
    seen: dict = field(default_factory=dict)

    def nbgrader(self, *arguments):
        return nbgrader(self.folder, *arguments)

    def grading(self, command, *options):
        """Run a command of our own; return what it printed and how it ended."""
        line = ["grading", command, NAME, "--course", str(self.folder), *options]
        _, said = run_as("grading.__main__", self.folder, line, {})
        assert "Traceback" not in said, said
        return " ".join(said.split())

    def release(self):
        """Build the release; return what was said of it, or that it was refused."""
        if self.ours:
            return self.grading("release")
        try:
            self.nbgrader("generate_assignment", NAME, "--force")
        except AssertionError as refused:
            assert "Cannot add or remove cells" in str(refused)
            return "refused"
        return ""

    def autograde(self, again=False, students=()):
        """Grade what is new; an unmodified nbgrader has to be told if it shall look at the others ``again``."""
        if self.ours:
            return self.grading("autograde")
        only = [f"--student={student}" for student in students]
        return self.nbgrader("autograde", NAME, *(["--force"] if again else []), *only)

    def feedback(self):
        if self.ours:
            return self.grading("feedback")
        return self.nbgrader("generate_feedback", NAME)

    def submit(self, student, answers, time):
        """Leave what `nbgrader submit` leaves in the exchange."""
        stamp = f"2026-03-01 {time} UTC"
        place = self.exchange / "weight-initialization" / "inbound" / f"{student}+{NAME}+{stamp}+key{time[:2]}"
        place.mkdir(parents=True)
        nbformat.write(term.solved(self.folder, answers), place / f"{NAME}.ipynb")
        (place / "timestamp.txt").write_text(stamp)
        (place / "submission_secret.txt").write_text(f"the secret of {student}")

    def ask(self, path, method="PUT", **data):
        """Talk to the formgrader as its pages do."""
        request = urllib.request.Request(
            f"{self.server}/formgrader/{path}",
            headers={"Authorization": "token secret", "Content-Type": "application/json"},
            data=json.dumps(data).encode() if data else None,
            method=method if data else "GET",
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read().decode()
        return json.loads(text) if path.startswith("api/") else text

    def submissions(self):
        return {one["student"]: one for one in self.ask(f"api/submissions/{NAME}")}

    def grades(self, student):
        """Return a student's grades as the formgrader has them, by cell."""
        (number,) = (
            one["id"] for one in self.ask(f"api/submitted_notebooks/{NAME}/{NAME}") if one["student"] == student
        )
        return {one["name"]: one for one in self.ask(f"api/grades?submission_id={number}")}, number

    def give(self, student, cell, **values):
        grades, _ = self.grades(student)
        kept = {name: grades[cell][name] for name in ("manual_score", "extra_credit")}
        self.ask(f"api/grade/{grades[cell]['id']}", **kept | values)

    def comment(self, student, cell, text):
        _, number = self.grades(student)
        (comment,) = (one for one in self.ask(f"api/comments?submission_id={number}") if one["name"] == cell)
        self.ask(f"api/comment/{comment['id']}", manual_comment=text)

    def waiting(self):
        """Return how many grades wait for a person."""
        return sum(
            one["needs_manual_grade"] for student in self.submissions() for one in self.grades(student)[0].values()
        )

    def see(self, what, value):
        self.seen[what] = f"{value:g}" if isinstance(value, float) else str(value)


def tell(story):
    """Live through a term; what differs between the two is what can't be done with the one or the other."""
    folder = story.folder
    (folder / "class.csv").write_text("id,first_name,last_name,email\namy,Amy,A,a@x\nbob,Bob,B,b@x\ncat,Cat,C,c@x\n")
    story.nbgrader("db", "student", "import", "class.csv")
    story.nbgrader("db", "assignment", "add", NAME, "--duedate=2026-03-01 12:00:00 UTC")
    story.release()
    story.nbgrader("release_assignment", NAME)
    story.submit("amy", RIGHT, "09:00:00")
    story.submit("bob", WRONG, "10:00:00")
    story.nbgrader("collect", NAME)
    story.autograde()
    story.see("amy, by the tests", story.submissions()["amy"]["score"])
    story.see("waiting for a person at first", story.waiting())

    _, amys = story.grades("amy")
    page = story.ask(f"submissions/{amys}/")
    story.see("score boxes on amy's page", page.count('class="score tabbable"'))
    story.see("comment boxes on amy's page", page.count('class="comment tabbable"'))
    for cell, score in {"square": 2, "why": 2.5, "draw": 1}.items():
        story.give("amy", cell, manual_score=score)
    story.give("amy", "why", manual_score=2.5, extra_credit=0.5)
    story.comment("amy", "double", "Neat.")
    for cell, score in {"draw": 0, "double-test": 1}.items():
        story.give("bob", cell, manual_score=score)
    story.see("amy, after a person", story.submissions()["amy"]["score"])
    story.see("bob, after a person", story.submissions()["bob"]["score"])
    story.see("waiting after that", story.waiting())

    said = story.ask(f"api/submission/{NAME}/bob/autograde", "POST", pressed=True)
    assert said["success"], said
    grades, _ = story.grades("bob")
    story.see("bob's point by hand, after the button", grades["double-test"]["manual_score"])
    story.see("does it wait for a person after that?", grades["double-test"]["needs_manual_grade"])

    notebook = read_source(folder)
    notebook.cells[0].source = notebook.cells[0].source.replace("Read", "Please read")
    write_source(folder, notebook)
    story.release()
    said = story.autograde(again=True)
    if story.ours:
        assert "0 graded" not in said and "nothing to grade; 3 unchanged" in said or "2 unchanged" in said, said
    story.see("amy, after a typo was mended", story.submissions()["amy"]["score"])
    story.see("waiting after that typo", story.waiting())

    story.submit("bob", RIGHT, "11:00:00")
    story.nbgrader("collect", NAME, "--update")
    story.autograde()
    grades, _ = story.grades("bob")
    story.see("bob's point by hand, after he handed in again", grades["double-test"]["manual_score"])
    story.see("bob's points by the test", grades["double-test"]["auto_score"])
    story.see("does it wait for a person?", grades["double-test"]["needs_manual_grade"])
    story.give("bob", "double-test", manual_score=None)

    before = read_source(folder)
    notebook = read_source(folder)
    notebook.cells.insert(3, a_test("half-test", "assert double(0.5) == 1", 2))
    write_source(folder, notebook)
    if story.ours:
        assert "Nothing was graded. Run `python -m grading release numbers` first" in story.autograde()
    said = story.release()
    story.see("an exercise is added", "refused" if said == "refused" else "done")
    if said == "refused":
        write_source(folder, before)
        story.release()
    else:
        assert "half-test is new (2 points)" in said
        notebook.cells.pop(3)  # taken back, so that both go on with the same
        story.autograde()
        story.see("amy, with one more exercise", story.submissions()["amy"]["score"])
        write_source(folder, notebook)
        assert "half-test is gone" in story.release()

    notebook = read_source(folder)
    next(cell for cell in notebook.cells if cell.id == "double-test").metadata.nbgrader.points = 5
    write_source(folder, notebook)
    story.release()
    story.autograde(again=True)
    story.see("amy, when double is worth 5", story.submissions()["amy"]["score"])
    grades, _ = story.grades("amy")
    story.see("amy's points by hand for why", grades["why"]["manual_score"] + grades["why"]["extra_credit"])

    story.submit("cat", RIGHT, "14:00:00")
    story.nbgrader("collect", NAME)
    story.autograde()
    story.see("cat, two hours late, in the formgrader", story.submissions()["cat"]["score"])
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "weight-initialization") as gradebook:
        gradebook.grant_extension(NAME, "cat", hours=3)
    story.autograde(again=True, students=["cat"])
    story.feedback()
    story.nbgrader("export", "--to", "exported.csv")
    with open(folder / "exported.csv", newline="") as file:
        for one in csv.DictReader(file):
            story.see(f"{one['student_id']}, exported", float(one["score"]))
            page = folder / "feedback" / one["student_id"] / NAME / f"{NAME}.html"
            story.see(f"{one['student_id']}, on the page", score_of(page))
    story.see("amy's comment", "Neat." in (folder / "feedback" / "amy" / NAME / f"{NAME}.html").read_text())
    story.nbgrader("release_feedback", NAME)
    story.see("pages that students get", len([*story.exchange.glob("*/feedback/*.html")]))


WHY = {
    "does it wait for a person after that?": "the same answer got the same points: there is nothing new to look at",
    "waiting after that typo": "an unmodified nbgrader ran everything again, and asks for a second look at what can't have changed",
    "an exercise is added": "nbgrader refuses once anybody was graded, and says to start over",
    "amy, with one more exercise": "and so there is no such score",
    "cat, two hours late, in the formgrader": "its formgrader shows what its export does not: the points before the penalty",
}


@pytest.mark.slow
def test_a_term_here_and_with_an_unmodified_nbgrader(tmp_path, record_property):
    terms = {}
    for who in ("here", "nbgrader"):
        place = tmp_path / who
        (place / "home").mkdir(parents=True)
        course = course_in(place / "a course", grader=who == "here")
        (place / "exchange").mkdir(mode=0o777)
        (place / "exchange").chmod(0o777)
        with open(course / "nbgrader_config.py", "a") as config:
            config.write(f"\nc.Exchange.root = {str(place / 'exchange')!r}\nc.ExchangeCollect.check_owner = False\n")
            config.write("c.CollectApp.check_owner = False\n")
        terms[who] = Term(course, place / "exchange", who == "here")
        with jupyter(course, place / "home") as terms[who].server:
            tell(terms[who])
    ours, theirs = terms["here"].seen, terms["nbgrader"].seen
    lines = [f"{'':46} {'here':>8} {'nbgrader':>9}"]
    for what, value in ours.items():
        other = theirs.get(what, "-")
        lines.append(f"{what:46} {value:>8} {other:>9}  {WHY[what] if value != other else ''}")
    record_property("A term, here and with an unmodified nbgrader", "\n".join(lines))
    assert {what for what, value in ours.items() if theirs.get(what) != value} == WHY.keys()
    assert [ours[what] for what in WHY] == ["False", "0", "done", "15", "0"]

    here = terms["here"]
    assert "3 students" in here.grading("report")
    with open(here.folder / "grades" / f"{NAME}.csv", newline="") as file:
        table = {one["student_id"]: one for one in csv.DictReader(file)}
    for student, one in table.items():
        scores = {ours[f"{student}, exported"], ours[f"{student}, on the page"], one["score"]}
        assert len(scores | {f"{here_score(terms['here'], student):g}"}) == 1, (student, scores)
    assert (
        table["amy"]["needs_manual"] == "1" and table["cat"]["needs_manual"] == "3"
    )  # of amy, the points that her comment is about
    assert "3 grades wait for a person." in table["cat"]["message"] and "All checks" not in table["cat"]["message"]


def here_score(story, student):
    """What nbgrader's own library says, long after the server is gone."""
    with Gradebook(f"sqlite:///{story.folder / 'gradebook.db'}", "weight-initialization") as gradebook:
        submission = gradebook.find_submission(NAME, student)
        return max(0.0, submission.score - submission.late_submission_penalty)
