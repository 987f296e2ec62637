"""What a person entered stays, through any order of events."""

import shutil

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from term import NAME, RIGHT, WHERE, WRONG, Course, hand_in, read_source, write_source

STUDENTS = "amy", "bob"
GRADED = "double-test", "square", "square-test", "why", "draw"
COMMENTED = "double", "square", "why", "draw"
student, answers = st.sampled_from(STUDENTS), st.sampled_from([RIGHT, WRONG, {}])
POINTS = st.sampled_from([0.0, 0.5, 2.0, 4.0])
EVENTS = (
    st.tuples(st.just("hand in"), student, answers, st.sampled_from(["11:00", "13:00"]))
    | st.tuples(st.just("take away"), student)
    | st.tuples(
        st.just("enter"), student, st.sampled_from(GRADED), st.sampled_from(["manual_score", "extra_credit"]), POINTS
    )
    | st.tuples(st.just("comment"), student, st.sampled_from(COMMENTED))
    | st.tuples(st.just("extend"), student, st.integers(1, 3))
    | st.tuples(st.just("take points off"), student, POINTS)
    | st.tuples(st.just("force"))
    | st.tuples(st.just("another test"))
    | st.tuples(st.just("a typo"))
    | st.tuples(st.just("other points"), st.sampled_from(GRADED), st.integers(1, 9))
    | st.tuples(st.just("remove"), st.sampled_from(GRADED))
    | st.tuples(st.just("put back"))
    | st.tuples(st.just("rename"), st.sampled_from(GRADED))
)


class Told:
    """A course, and what a person entered in it so far."""

    def __init__(self, folder):
        self.course, self.source = Course(folder), read_source(folder)
        self.cells, self.names = list(self.source.cells), {}
        self.entered, self.extensions, self.penalties = {}, {}, {}

    def happen(self, what, *about):
        """Let one thing happen, and everything that an instructor does after it."""
        folder, force = self.course.folder, what == "force"
        if what == "hand in":
            student, answers, time = about
            hand_in(
                folder,
                student,
                {self.names.get(name, name): text for name, text in answers.items()},
                f"2026-03-01 {time}:00 UTC",
            )
        elif what == "take away":
            shutil.rmtree(folder / "submitted" / about[0], ignore_errors=True)
        elif what in ("enter", "comment", "extend", "take points off"):
            self.enter(what, *about)
        elif what == "another test":
            self.of("double-test").source += "\nassert double(3) == 6"
        elif what == "a typo":
            self.cells[0].source += "!"
        elif what == "other points":
            self.of(about[0]).metadata.nbgrader.points = about[1]
        elif what == "remove":
            self.source.cells = [cell for cell in self.source.cells if cell.id != about[0]]
        elif what == "put back":
            self.source.cells = list(self.cells)
        elif what == "rename":
            name = self.of(about[0]).metadata.nbgrader.grade_id
            self.names[about[0]] = self.of(about[0]).metadata.nbgrader.grade_id = f"{name}-2"
        write_source(folder, self.source)
        self.course.release()
        self.course.autograde(force)
        self.course.feedback()

    def of(self, name):
        return next(cell for cell in self.cells if cell.id == name)

    def enter(self, what, student, *about):
        """Enter what a person enters, where there is a place for it."""
        with self.course.assignment.gradebook() as gradebook:
            known = {one.student.id: one for one in gradebook.assignment_submissions(NAME)}
            there = {cell.id for cell in self.source.cells}
            if student not in known or what in ("enter", "comment") and about[0] not in there:
                return
            where = self.names.get(about[0], about[0]), *WHERE, student
            if what == "enter":
                cell, column, value = about
                setattr(gradebook.find_grade(*where), column, value)
                self.entered[student, cell, column] = value
            elif what == "comment":
                gradebook.find_comment(*where).manual_comment = "Neat."
                self.entered[student, about[0], "manual_comment"] = "Neat."
            elif what == "extend":
                gradebook.grant_extension(NAME, student, hours=about[0])
                self.extensions[student] = known[student].extension
            else:
                known[student].notebooks[0].late_submission_penalty = about[0]
                self.penalties[student] = about[0]
            gradebook.db.commit()

    def check(self):
        """Everything that a person entered is there, on every cell that there is, and the five places agree."""
        there = {cell.id for cell in self.source.cells}
        with self.course.assignment.gradebook() as gradebook:
            for (student, cell, column), value in self.entered.items():
                if cell in there:
                    find = gradebook.find_comment if column == "manual_comment" else gradebook.find_grade
                    assert getattr(find(self.names.get(cell, cell), *WHERE, student), column) == value, (student, cell)
            for student, extension in self.extensions.items():
                assert gradebook.find_submission(NAME, student).extension == extension
        places = self.course.five_places()
        table = places.pop("the table")
        for place, scores in places.items():
            for student, score in scores.items():
                assert score == pytest.approx(table.get(student, 0.0), abs=0.05), (place, student)


@pytest.mark.slow
@settings(max_examples=5, phases=[Phase.generate])  # a failing example is short enough
@given(events=st.lists(EVENTS, min_size=3, max_size=7))
def test_no_order_of_events_takes_anything_that_a_person_entered(numbers_course, tmp_path_factory, events):
    folder = shutil.copytree(numbers_course, tmp_path_factory.mktemp("term") / "a course")
    told = Told(folder)
    for student in STUDENTS:
        told.happen("hand in", student, RIGHT, "11:00")
    for event in events:
        told.happen(*event)
        told.check()
    told.happen("put back")
    told.check()


def test_a_term_in_postgresql(numbers_course, server, tmp_path):
    folder = shutil.copytree(numbers_course, tmp_path / "a course")
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {server.database()!r}\n")
    told = Told(folder)
    for event in [
        ("hand in", "amy", RIGHT, "11:00"),
        ("hand in", "bob", WRONG, "13:00"),
        ("enter", "amy", "why", "manual_score", 2.5),
        ("enter", "bob", "double-test", "extra_credit", 0.5),
        ("comment", "bob", "draw"),
        ("extend", "bob", 3),
        ("force",),
        ("rename", "why"),
        ("remove", "draw"),
        ("take away", "amy"),
        ("put back",),
    ]:
        told.happen(*event)
        told.check()
