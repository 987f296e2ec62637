"""fleet.py: a class gets the same grades however it is graded on this machine, and little of it is held at a time."""

import contextlib
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from types import SimpleNamespace

import graded_class
import pytest
from courses import copy_course, nbgrader
from engines import Staying
from graded_class import SAMPLE, a_class, command, everything, stored, the_sample_class, work
from nbgrader.apps.api import NbGraderAPI
from waiting import PATIENCE

from grading import fleet
from grading.assignment import CourseAssignment, NbGraderException
from grading.feedback import write_feedback

course_of, expected = graded_class.course_of, graded_class.expected  # fixtures


def test_the_sample_is_worth_comparing(expected):
    rows, stored, notebooks = expected
    assert [line[0] for line in rows] == sorted(line[0] for line in rows) and len(rows) == len(SAMPLE) + 3
    assert {line[4] for line in rows} == {"graded", "malformed", "crashed", "missing"}
    assert stored.keys() == notebooks.keys() == {line[0] for line in rows} - {"a b"}


def test_nbgrader_makes_the_same_rows(tmp_path, expected, course_of):
    """What stands in the gradebook is what nbgrader's own way of adding a submission leaves there."""
    course = course_of(tmp_path, {})
    with course.gradebook() as gradebook:
        gradebook.add_student("ada")
        added = gradebook.add_submission("initialization", "ada").notebooks[0]
        names = sorted(grade.name for grade in added.grades), sorted(comment.name for comment in added.comments)
    grades, comments, _ = expected[1]["ada"]
    assert (sorted(grades), comments) == names


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.slow), 8])
def test_grades_are_the_same_with_any_number_of_workers(tmp_path, expected, jobs, course_of):
    course = course_of(tmp_path, the_sample_class())
    for _ in fleet.autograde(course, course.students(), fleet.LocalEngine(jobs), work(course)):
        pass
    assert everything(course) == expected
    assert_formgrader_shows(course, expected)


def test_grades_are_the_same_in_postgresql(tmp_path, expected, server, course_of):
    course = course_of(tmp_path, the_sample_class(), server.database())
    for _ in fleet.autograde(course, course.students(), fleet.LocalEngine(2), work(course)):
        pass
    assert everything(course) == expected
    assert dict(write_feedback(course))["ada"]
    ours = course.feedback_path("ada").read_text()
    nbgrader(course.course.root, "generate_feedback", "initialization", "--force")
    assert course.feedback_path("ada").read_text() == ours
    assert_formgrader_shows(course, expected)


def assert_formgrader_shows(course, expected):
    """What the formgrader's pages are filled from."""
    rows, _, notebooks = expected
    shown = {entry["student"]: entry for entry in NbGraderAPI(config=course.config).get_submissions("initialization")}
    for student, _, score, most, *_ in rows:
        if student in notebooks:
            entry = shown[student]
            assert (entry["autograded"], entry["score"], entry["max_score"]) == (True, float(score), float(most)), (
                student
            )


@pytest.mark.slow
def test_feedback_is_what_nbgrader_makes_of_it(tmp_path, course_of):
    course = course_of(tmp_path, a_class(4))
    for _ in fleet.autograde(course, course.students(), Staying(), work(course)):
        pass
    with course.gradebook() as gradebook:
        gradebook.find_comment(
            "he-exercise", "initialization", "initialization", "student-001"
        ).manual_comment = "Look at the scale."
        gradebook.find_grade("he-test", "initialization", "initialization", "student-001").manual_score = 7.5
        gradebook.db.commit()
    assert set(dict(write_feedback(course)).values()) == {"written"}
    ours = {student: course.feedback_path(student).read_text() for student in course.students()}
    assert "Look at the scale." in ours["student-001"] and "7.5" in ours["student-001"]
    nbgrader(course.course.root, "generate_feedback", "initialization", "--force")
    assert {student: course.feedback_path(student).read_text() for student in course.students()} == ours


def test_a_database_without_its_driver_gets_a_sentence(tmp_path):
    made = copy_course(tmp_path / "a course")
    with open(made / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseDirectory.db_url = "postgresql+psycopg9://me:secret@localhost/class"\n')
    with pytest.raises(NbGraderException, match="can't be used") as error:
        CourseAssignment("initialization", made).students()
    assert "secret" not in str(error.value)


@pytest.mark.slow
def test_a_locked_gradebook_gets_a_sentence(tmp_path, course_of):
    course = course_of(tmp_path, a_class(2))
    with course.gradebook() as other, contextlib.closing(other.engine.raw_connection()) as connection:
        connection.execute("begin immediate")
        with pytest.raises(NbGraderException, match="database is locked"):
            list(fleet.autograde(course, course.students(), Staying(), work(course)))
        connection.rollback()
    assert all(dict(fleet.autograde(course, course.students(), Staying(), work(course))).values())


# ----------------------------------------------------------------------------- memory


class Here(Executor):
    """Does at once what it is asked for."""

    width, broken = 1, BrokenExecutor

    def submit(self, function, /, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def test_no_more_is_under_way_than_the_engine_needs():
    class Counting(Here):
        width, under_way, most = 3, 0, 0

        def submit(self, function, /, *arguments):
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            return super().submit(function, *arguments)

    engine = Counting()
    flow = fleet.InFlight(engine, lambda batch: batch)
    read = 0
    seen = []
    for batch in fleet.batches([SimpleNamespace(number=n, size=1 << 20) for n in range(1000)], engine, 1000):
        read += len(batch)
        assert len(batch) <= 9  # of 8 MB
        for done in flow.send(batch, batch):
            engine.under_way -= 1
            seen += done
        assert read - len(seen) <= 4 * 9
    for done in flow.finish():
        seen += done
    assert sorted(one.number for one in seen) == list(range(1000)) and engine.most <= engine.width


def flow_that_ends_with(error):
    """Return a flow whose engine fails where ben is among the students."""

    def grade(students):
        if "ben" in students:
            raise error
        return students

    return fleet.InFlight(Here(), grade)


def test_whoever_a_killed_process_had_is_named_when_all_others_are_done():
    flow, done = flow_that_ends_with(BrokenExecutor()), []
    for batch in (["zoe", "ben"], ["ada"]):
        done += flow.send(batch, batch)
    with pytest.raises(
        fleet.WorkLost, match="had 2 submissions, which are not graded: ben, zoe. All others are stored."
    ):
        for students in flow.finish():
            done.append(students)
    assert done == [["ada"]]


def test_a_scheduler_that_is_gone_gets_a_sentence():
    flow = flow_that_ends_with(CancelledError())
    with pytest.raises(NbGraderException, match="scheduler is gone. What was stored is kept"):
        list(flow.send(["ben"], ["ben"]))
        list(flow.finish())


def test_students_are_chosen_by_name(tmp_path, course_of):
    course = course_of(tmp_path, a_class(6))
    ran = command(course, "autograde", "initialization", "--student", "student-003", "student-001", "--jobs", "1")
    output, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 0 and "2 students" in output, errors
    assert stored(course) == ["student-001", "student-003"]
    ran = command(course, "autograde", "initialization", "--student", "student-9")
    _, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 1 and "No such student: student-9." in errors and "Traceback" not in errors
