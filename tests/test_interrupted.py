"""fleet.py: nothing that ends the grading early loses a grade: a signal, a kill, a lost database, a full disk."""

import contextlib
import os
import signal
import subprocess
import sys

import graded_class
import psutil
import pytest
from corpus import blank, save
from costly import COSTLY
from graded_class import a_class, assert_whole, command, everything, finished, stored
from waiting import PATIENCE, have_ended, wait_until

from grading import standing
from grading.result import Status

course_of, undisturbed = graded_class.course_of, graded_class.undisturbed  # fixtures


def warm_one(process):
    """Return what the processes that grade are forked from."""
    return next(child for child in psutil.Process(process.pid).children() if is_warm(child))


def is_warm(process):
    with contextlib.suppress(psutil.NoSuchProcess):  # it may end while it is looked at
        return "grading.forkserver" in " ".join(process.cmdline())
    return False


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
    assert have_ended([process.pid for process in processes])
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
    heavy = next(case for case in COSTLY if case.status == Status.FAILED)
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
        assert results["eve"].status == Status.FAILED and set(results["eve"].scores.values()) == {None}
        assert "it took more than 1024 MB of memory" in results["eve"].message
        with course.gradebook() as gradebook:
            grades = gradebook.find_submission_notebook("initialization", "initialization", "eve").grades
            marks = {(grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in grades}
            assert len(grades) == 3 and marks == {(None, None, True)}


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
        "{sys.executable}" -m grading report initialization
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
