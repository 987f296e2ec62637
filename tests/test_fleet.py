"""fleet.py: a class gets the same grades however it is graded, and nothing that ends the grading early loses any."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from conftest import PATIENCE, ROOT, Staying, copy_course, kept, nbgrader, value_in, wait_until
from corpus import blank, save
from costly import COSTLY
from distributed import Client, LocalCluster
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from grading import fleet, standing
from grading.__main__ import row
from grading.assignment import CourseAssignment, NbGraderException
from grading.grade import OtherVersion, Work
from grading.release import release
from grading.result import FAILED, Graded
from grading.sandbox import available

SAMPLE = [
    path for path in sorted((ROOT / "examples" / "submitted").iterdir()) if path.name != "ines"
]  # she takes ten seconds


@pytest.fixture(scope="session")
def cluster():
    with LocalCluster(
        n_workers=8, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as started:
        yield started


@pytest.fixture(scope="session")
def course_of(build):
    """Return a function that makes a course with its release built, its grader, and a folder of a class."""

    def made(folder, submissions, database=None):
        course = folder / "a course"
        if database:
            copy_course(course, grader=True)
            with open(course / "nbgrader_config.py", "a") as config:
                config.write(f"\nc.CourseDirectory.db_url = {database!r}\n")
            release(CourseAssignment("initialization", course))
        else:
            build(course, grader=True)
        for student, write in submissions.items():
            place = course / "submitted" / student / "initialization"
            place.mkdir(parents=True)
            write(place)
        return CourseAssignment("initialization", course)

    return made


def a_class(size, seconds=0.0):
    """Right answers to three, two, one and none of the exercises; each takes ``seconds`` longer than it must."""

    def writer(number):
        notebook = blank(["zeros", "random", "he"][: number % 4])
        notebook.cells.insert(0, nbformat.v4.new_code_cell(f"import time\ntime.sleep({seconds})"))
        return lambda place: save(notebook, place)

    return {f"student-{number:03}": writer(number) for number in range(size)}


def the_sample_class():
    made = {
        path.name: lambda place, path=path: shutil.copytree(path / "initialization", place, dirs_exist_ok=True)
        for path in SAMPLE
    }
    return made | {
        "Zoë": lambda place: save(blank(["he"]), place),
        "a b": lambda place: None,
        "B": lambda place: save(blank(), place),
    }


def work(course):
    return Work(course.master, course.limits, available().name)


def everything(course):
    """What there is to know of a graded class: the rows of grades.csv, nbgrader's own gradebook, and the notebooks for feedback."""
    rows = [row(one, standing.exercises(course)) for one in standing.standings(course)]
    notebooks = {
        path.parent.parent.name: path.read_bytes() for path in Path(course.course.root).glob("autograded/*/*/*.ipynb")
    }
    stored = {}
    with Gradebook(course.course.db_url, course.course.course_id) as gradebook:
        for submission in gradebook.assignment_submissions("initialization"):
            grades = {
                grade.name: (grade.auto_score, grade.score, grade.max_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            comments = sorted(comment.name for notebook in submission.notebooks for comment in notebook.comments)
            assert submission.student.id not in stored
            stored[submission.student.id] = grades, comments, submission.score
    return rows, stored, notebooks


@pytest.fixture(scope="session")
def expected(once, course_of):
    """The sample class, graded one after the other."""

    def grade(folder):
        course = course_of(folder, the_sample_class())
        for _ in fleet.autograde(course, course.students(), Staying(), work(course)):
            pass
        return everything(course)

    return value_in(once("expected", kept(grade)))


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
    for _ in fleet.autograde(course, course.students(), fleet.Local(jobs), work(course)):
        pass
    assert everything(course) == expected
    assert_formgrader_shows(course, expected)


def test_grades_are_the_same_on_a_cluster(tmp_path, expected, cluster, course_of):
    course = course_of(tmp_path, the_sample_class())
    for _ in fleet.autograde(course, course.students(), fleet.Cluster(cluster.scheduler_address), work(course)):
        pass
    assert everything(course) == expected


def test_grades_are_the_same_in_postgresql(tmp_path, expected, server, course_of):
    course = course_of(tmp_path, the_sample_class(), server.database())
    for _ in fleet.autograde(course, course.students(), fleet.Local(2), work(course)):
        pass
    assert everything(course) == expected
    assert dict(fleet.feedback(course))["ada"]
    ours = course.page("ada").read_text()
    nbgrader(course.course.root, "generate_feedback", "initialization", "--force")
    assert course.page("ada").read_text() == ours
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
    assert set(dict(fleet.feedback(course)).values()) == {"written"}
    ours = {student: course.page(student).read_text() for student in course.students()}
    assert "Look at the scale." in ours["student-001"] and "7.5" in ours["student-001"]
    nbgrader(course.course.root, "generate_feedback", "initialization", "--force")
    assert {student: course.page(student).read_text() for student in course.students()} == ours


def test_a_node_with_other_code_does_not_grade(tmp_path, cluster, course_of):
    course = course_of(tmp_path, a_class(2))
    other = replace(work(course), version="grading/ of last year")
    with pytest.raises(OtherVersion, match="of last year. Use one checkout"):
        list(fleet.autograde(course, course.students(), fleet.Cluster(cluster.scheduler_address), other))
    assert stored(course) == []


def test_a_worker_with_another_grader_is_refused_before_any_grade_is_taken_back(cluster, monkeypatch):
    monkeypatch.setattr(fleet, "version", lambda: __import__("os").getpid())  # another one in each process
    with pytest.raises(OtherVersion, match="Use one checkout and one set of requirements everywhere."):
        fleet.Cluster(cluster.scheduler_address)


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_gets_a_sentence(tmp_path, course_of):
    course = course_of(tmp_path, a_class(1))
    ran = command(course, "autograde", "initialization", "--scheduler", "tcp://127.0.0.1:1")
    _, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 1 and "Traceback" not in errors, errors
    assert "tcp://127.0.0.1:1" in errors


@pytest.mark.slow
def test_a_cluster_without_workers_gets_a_sentence(monkeypatch):
    monkeypatch.setattr(fleet, "STARTING", 1)
    with LocalCluster(n_workers=0, processes=True, dashboard_address=":0", silence_logs=50) as started:
        with pytest.raises(NbGraderException, match="has no worker.*PYTHONPATH=. dask worker tcp:"):
            fleet.Cluster(started.scheduler_address)


@pytest.mark.slow
def test_a_worker_that_can_not_import_the_grader_gets_a_sentence(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with LocalCluster(n_workers=0, processes=True, dashboard_address=":0", silence_logs=50) as started:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", started.scheduler_address, "--no-dashboard"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        worker = subprocess.Popen([*command, "--no-nanny"], cwd=tmp_path, env=environment, **quiet)
        try:
            with pytest.raises(
                NbGraderException, match="The worker tcp:.* can't import the grader. Nothing was graded."
            ):
                fleet.Cluster(started.scheduler_address)
        finally:
            worker.kill()
            worker.wait()


@pytest.mark.slow
def test_a_cluster_whose_last_worker_is_gone_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(fleet, "STARTING", 1)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as started:
        with fleet.Cluster(started.scheduler_address) as engine:
            started.scale(0)
            wait_until(lambda: not engine.client.scheduler_info()["workers"])
            flow = fleet.Flow(engine, time.sleep)
            with pytest.raises(NbGraderException, match="has no worker"):
                list(flow.send(["ada"], 1000))
                list(flow.finish())


# ------------------------------------------------------------------------ interruptions


def command(course, *arguments):
    """Start the command line of a course's own grader, in a process group of its own.

    Whoever runs the tests in the background may have them ignore Ctrl-C, and that would be inherited.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "grading", *arguments],
        cwd=course.course.root,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def stored(course):
    return [student for student, result in standing.results(course) if result is not None]


def assert_whole(course):
    """Each result has its rows in the gradebook and its notebook, and nobody has some of it."""
    with Gradebook(course.course.db_url, course.course.course_id) as gradebook:
        rows = {entry["student"]: entry["score"] for entry in gradebook.submission_dicts("initialization")}
    results = {student: result.score for student, result in standing.results(course) if result is not None}
    assert rows == results
    for student in results:
        nbformat.read(Path(course.course.root) / "autograded" / student / "initialization" / "initialization.ipynb", 4)


@pytest.fixture(scope="session")
def undisturbed(once, course_of):
    """Everything about a class of 32 that nothing interrupted."""

    def grade(folder):
        course = course_of(folder, a_class(32, 0.4))
        for _ in fleet.autograde(course, course.students(), fleet.Local(2), work(course)):
            pass
        return everything(course)

    return value_in(once("undisturbed", kept(grade)))


def finished(course, undisturbed):
    """The same command goes on from where it was, and ends with what an undisturbed class has, to the byte."""
    before = stored(course)
    ran = command(course, "autograde", "initialization")
    output, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 0, errors
    assert f"{len(before)} unchanged" in output
    assert_whole(course)
    assert everything(course) == undisturbed
    return output


def warm_one(process):
    """Return what the processes that grade are forked from."""
    return next(
        child for child in psutil.Process(process.pid).children() if "grading.alone" in " ".join(child.cmdline())
    )


def family(process):
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


@pytest.mark.usefixtures("needs_bubblewrap")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_the_command_is_ended(tmp_path, number, course_of, undisturbed):
    course = course_of(tmp_path, a_class(32, 0.4))
    ran = command(course, "autograde", "initialization", "--jobs", "3")
    wait_until(lambda: len(stored(course)) >= 5)
    processes = family(ran)
    assert len(processes) > 8
    if number == signal.SIGINT:
        os.killpg(ran.pid, number)  # as a terminal does
    else:
        ran.kill()
    output, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == (130 if number == signal.SIGINT else -9)
    assert "Traceback" not in errors
    if number == signal.SIGINT:
        assert "the same command goes on from there" in output
    psutil.wait_procs(processes, timeout=PATIENCE)
    assert [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    assert 5 <= len(stored(course)) < 32
    assert_whole(course)
    interrupted = [student for student, result in standing.results(course) if result is None]
    assert interrupted
    told = finished(course, undisturbed).replace("\n", " ")
    assert f"Interrupted while these were graded, which are graded now: {interrupted[0]}" in told


@pytest.mark.usefixtures("needs_bubblewrap")
def test_what_grades_on_this_machine_is_killed(tmp_path, course_of, undisturbed):
    course = course_of(tmp_path, a_class(32, 0.4))
    ran = command(course, "autograde", "initialization", "--jobs", "3")
    wait_until(lambda: len(stored(course)) >= 5)
    warm_one(ran).kill()
    _, errors = ran.communicate(timeout=PATIENCE)
    assert (ran.returncode, errors) == (0, "")
    assert everything(course) == undisturbed


@pytest.mark.usefixtures("needs_bubblewrap")
def test_a_submission_that_ends_its_process_is_left_to_a_person_and_costs_nobody_else(tmp_path, course_of):
    heavy = next(case for case in COSTLY if case.status == FAILED)
    right = blank(["zeros", "random", "he"])
    peers = {name: lambda place: save(right, place) for name in ("amy", "zoe")}
    course = course_of(tmp_path, peers | {"eve": heavy.write})
    for options, told in (([], "1 failed, 2 graded; 0"), ([], "3"), (["--force"], "1 failed, 2 graded; 0")):
        ran = command(course, "autograde", "initialization", *options)
        output, errors = ran.communicate(timeout=PATIENCE)
        assert (ran.returncode, errors) == (0, "")
        assert f"{told} unchanged since" in output, output
        results = dict(standing.results(course))
        assert [results[name].score for name in peers] == [30, 30]
        assert results["eve"].status == FAILED and set(results["eve"].scores.values()) == {None}
        assert "it took more than 1024 MB of memory" in results["eve"].message
        with course.gradebook() as gradebook:
            grades = gradebook.find_submission_notebook("initialization", "initialization", "eve").grades
            marks = {(grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in grades}
            assert len(grades) == 3 and marks == {(None, None, True)}


def test_a_node_of_a_cluster_is_killed(tmp_path, cluster, course_of, undisturbed):
    course = course_of(tmp_path, a_class(32, 0.4))
    counted = Counter()
    engine = fleet.Cluster(cluster.scheduler_address)
    nodes = list(engine.client.run(os.getpid).values())
    assert len(set(nodes)) == 8
    for student, graded in fleet.autograde(course, course.students(), engine, work(course)):
        assert isinstance(graded, Graded)
        counted[student] += 1
        if counted.total() == 5:
            os.kill(nodes[0], signal.SIGKILL)
    assert counted == Counter(course.students())
    assert everything(course) == undisturbed


def test_the_scheduler_of_a_cluster_is_killed(tmp_path, course_of, undisturbed):
    course = course_of(tmp_path, a_class(32, 0.4))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    dask, quiet = (
        [sys.executable, "-m", "distributed.cli.dask_scheduler"],
        {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL},
    )
    with contextlib.ExitStack() as stack:
        file = tmp_path / "scheduler.json"
        scheduler = subprocess.Popen([*dask, "--port", "0", "--no-dashboard", "--scheduler-file", file], **quiet)
        stack.callback(scheduler.wait)
        stack.callback(scheduler.kill)
        wait_until(lambda: file.exists() and file.read_text())  # it is there before anything is written into it
        address = json.loads(file.read_text())["address"]
        options = ["--nworkers", "2", "--nthreads", "1", "--no-dashboard"]
        nodes = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", address, *options],
            env=environment,
            cwd=tmp_path,
            **quiet,
        )
        stack.callback(nodes.wait)
        stack.callback(nodes.terminate)
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=PATIENCE)
        ran = command(course, "autograde", "initialization", "--scheduler", address)
        wait_until(lambda: len(stored(course)) >= 5)
        scheduler.kill()
        _, errors = ran.communicate(timeout=PATIENCE)
        assert ran.returncode == 1 and "Traceback" not in errors, errors
        assert "The cluster's scheduler is gone." in errors
        assert_whole(course)
    finished(course, undisturbed)


def test_the_connection_to_the_database_is_lost(tmp_path, server, course_of, undisturbed):
    course = course_of(tmp_path, a_class(32, 0.4), server.database())
    ran = command(course, "autograde", "initialization", "--jobs", "2")
    wait_until(lambda: len(stored(course)) >= 5)
    server("pg_ctl", "stop", "-m", "immediate", "-D", server.folder / "data")
    _, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 1 and "Traceback" not in errors
    assert "The gradebook postgresql+psycopg://postgres@/" in errors and "the same command goes on from there" in errors
    ran = command(course, "autograde", "initialization")
    _, errors = ran.communicate(timeout=PATIENCE)
    assert ran.returncode == 1 and "Traceback" not in errors and "can't be used" in errors
    server.start()
    assert 5 <= len(stored(course)) < 32
    finished(course, undisturbed)


def test_a_database_without_its_driver_gets_a_sentence(tmp_path):
    made = copy_course(tmp_path / "a course")
    with open(made / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseDirectory.db_url = "postgresql+psycopg9://me:secret@localhost/class"\n')
    with pytest.raises(NbGraderException, match="can't be used") as error:
        CourseAssignment("initialization", made).students()
    assert "secret" not in str(error.value)


@pytest.mark.slow
@pytest.mark.usefixtures("needs_bubblewrap")
def test_the_disk_is_full(tmp_path, course_of):
    """A real one: the course lies on a file system of 6 MB."""
    course = course_of(tmp_path, a_class(40))
    script = f"""
        cp -r "{course.course.root}/." /mnt && cd /mnt || exit 9
        head -c 100M /dev/zero > filler 2>/dev/null
        dd if=/dev/null of=filler bs=1 seek=$(($(stat -c %s filler) - 300000)) 2>/dev/null
        "{sys.executable}" -m grading autograde initialization --jobs 2 > first 2> "{tmp_path}/first"
        echo "first: $?"; tail -1 "{tmp_path}/first"
        rm filler
        "{sys.executable}" -m grading autograde initialization --jobs 2 | tail -1
        "{sys.executable}" -m grading report initialization | tail -1
    """
    sealed = ["bwrap", "--dev-bind", "/", "/", "--size", str(6 << 20), "--tmpfs", "/mnt"]
    ran = subprocess.run([*sealed, "sh", "-c", script], capture_output=True, text=True)
    output = " ".join(ran.stdout.split())
    assert "first: 1" in output and ("No space left on device" in output or "disk is full" in output), (
        output,
        ran.stderr,
    )
    assert "Traceback" not in output
    assert "40 students, 10 with full marks, 0 not graded to the end." in output, output


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
    flow = fleet.Flow(engine, lambda batch: batch)
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

    return fleet.Flow(Here(), grade)


def test_whoever_a_killed_process_had_is_named_when_all_others_are_done():
    flow, done = flow_that_ends_with(BrokenExecutor()), []
    for batch in (["zoe", "ben"], ["ada"]):
        done += flow.send(batch, batch)
    with pytest.raises(fleet.Lost, match="had 2 submissions, which are not graded: ben, zoe. All others are stored."):
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
