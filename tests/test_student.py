"""student.py and worker.py: cells at the two ends of the pipe: what one that fails costs, and when its time is over."""

import itertools
import os
import time
import types

import numpy as np
import pytest
import students
from students import NAMES, process_in

from grading import pipe
from grading import student as trusted
from grading.pipe import Pipe, StudentDied
from grading.remote import StudentLine
from grading.sandbox import Limits, Unconfined
from grading.student import StandIn, StudentProcess

box, student = students.box, students.student  # fixtures


# ------------------------------------------------------------------------- the cells


def test_a_cell_that_was_put_off_runs_when_a_name_of_it_is_asked_for_and_not_before(student):
    student.run("ran = []")
    student.defer("ran.append('slow')\nslow = [0]\nother = 1", ["slow", "other"])
    student.defer("ran.append('never')\nnever = 1", ["never"])
    student.run("g = list(ran)")
    assert student.value("g") == []
    student.run("g = slow is slow, other, ran\ndef f():\n    return ran")
    assert student.value("g") == (True, 1, ["slow"])
    assert student.call("f") == ["slow"]


def test_a_function_finds_what_was_put_off(student):
    student.defer("slow = 7", ["slow"])
    student.run("def f():\n    return slow\ndef g():\n    return missing")
    assert student.call("f") == 7
    with pytest.raises(NameError, match="name 'missing' is not defined"):
        student.call("g")


def test_what_fails_in_a_cell_that_was_put_off_costs_itself(student):
    student.defer("a = 1\nnothing_like_it()\nb = 2\n1 / 0", ["a", "b", "c"])
    student.run("g = b, a")
    assert student.value("g") == (2, 1)
    assert "'c' is not defined" in str(student.run("g = c"))


def test_a_name_of_the_student_goes_before_one_that_was_put_off(student):
    student.defer("slow = 'given'", ["slow"])
    student.run("slow = 'mine'\ndef f():\n    return slow")
    assert student.call("f") == "mine"


def test_cells_run_in_order_and_a_later_one_sees_what_an_earlier_one_set(student):
    student.run("x = 1")
    student.run("x += 1\ny = [x]")
    student.run("y.append(x)\ng = y")
    assert student.value("g") == [2, 2]


def test_an_error_carries_its_type_its_text_and_the_line(student):
    student.run("class Odd(KeyError):\n    pass\n\ndef f(x):\n    raise Odd('no ' + x)")
    with pytest.raises(KeyError) as caught:
        StandIn(student, "f")("way")
    assert type(caught.value).__name__ == "Odd" and str(caught.value) == "'no way'"
    assert caught.value.student_line == StudentLine(5, "raise Odd('no ' + x)")


def test_an_untouched_copy_does_not_replace_an_answer(student):
    student.run("def f():\n    return 1")
    student.run("def f():\n    raise NotImplementedError()")
    assert student.call("f") == 1


def test_an_answer_below_an_untouched_copy_gets_its_arguments_whole(student):
    student.run("def f(x):\n    return x.sum()")
    student.run("def f(x):\n    raise NotImplementedError()")
    assert student.call("f", np.ones(3)) == 3


def test_memory_that_nobody_filled_holds_no_zeros_by_chance(student):
    student.run(
        "def f():\n    return [make.ravel().tolist() for make in (np.empty(2), np.empty_like(np.zeros((1, 2))))]"
    )
    assert student.call("f") == [[1e300] * 2] * 2


def test_a_name_that_nobody_set_is_a_name_error(student):
    with pytest.raises(NameError, match="'g' is not defined"):
        student.call("g")


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\ndef f(): return 1",
        "!ls\ndef f(): return 1",
        "%%time\ndef f(): return 1",
        "files = !ls\ndef f(): return 1",
        "f?\ndef f(): return 1",
        "def f():\n    %time pass\n    return 1",
        "print('100%')\ndef f(): return 1",
        "?print\ndef f(): return 1",
    ],
)
def test_magics_and_shell_lines_are_passed_over(student, cell):
    assert student.run(cell) is None
    assert student.call("f") == 1


@pytest.mark.parametrize(
    "cell",
    [
        ">>> def f():\n...     return 1",
        "In [3]: def f():\n   ...:     return 1",
        "    def f():\n        return 1",
        "def f():\n\u00a0\u00a0return\u200b 1",
    ],
)
def test_what_was_copied_along_with_an_answer_is_passed_over(student, cell):
    assert student.run(cell) is None
    assert student.call("f") == 1


def test_a_cell_that_was_cut_in_two_is_put_together(student):
    student.run("def f(x):\n    y = x + 1")
    student.run("    return y")
    assert student.call("f", 1) == 2


@pytest.mark.parametrize(
    "cell", ["input()", "raise SystemExit", "1/0", "(" * 50_000, "exit()", "import sys; sys.stdin.read()"]
)
def test_a_cell_that_fails_costs_nothing_else(student, cell):
    student.run("def f(): return 1")
    student.run(cell)
    assert student.call("f") == 1


@pytest.mark.parametrize(
    "cell", ["import os; os._exit(0)", "while True: pass", "import os, signal; os.kill(os.getpid(), 9)"]
)
def test_a_cell_that_ends_the_process_costs_nothing_else(cell):
    with process_in(Unconfined(), cell=1, call=1) as student:  # the first process of a namespace can't kill itself
        student.run("def f(): return 1")
        with pytest.raises(StudentDied):
            student.run(cell)
        assert student.call("f") == 1
        assert len(student.died) == 1


def set_clock(monkeypatch, monotonic):
    """Let the trusted end of the pipe read another clock."""
    for room in (trusted, pipe):
        monkeypatch.setattr(room, "time", types.SimpleNamespace(monotonic=monotonic))


def test_a_process_that_takes_long_to_start_is_started_anew_less_often(monkeypatch):
    """The first start is everybody's, and counts for nothing."""
    box, limits, starts = Unconfined(), Limits(cell=5, total=100), []
    set_clock(monkeypatch, lambda: 60.0 * len(starts))

    def start():
        starts.append(None)
        return box.start(limits)

    with StudentProcess(start, {}, NAMES, limits) as student:
        for times in (1, 2, 3):
            with pytest.raises(StudentDied, match="the process ended"):
                student.run("import os; os._exit(0)")
            assert len(starts) == times
        with pytest.raises(StudentDied, match="ended its own process 3 times, and was not started again"):
            student.run("x = 1")


def test_no_cell_has_more_time_than_is_left_for_all_and_then_only_what_it_defines_is_run(student, monkeypatch):
    student.run("x = 1")
    asked, now = [], time.monotonic()
    set_clock(monkeypatch, lambda: now)

    def ask(pipe, header, body, deadline):
        asked.append((header["definitions"], deadline - now))
        return {}, b""

    monkeypatch.setattr(Pipe, "ask", ask)
    student.seconds_left = 3.0
    student.run("x = 2")
    student.seconds_left = 0.0
    student.run("x = 3")
    student.seconds_left = -student.limits.cell - 1
    assert student.run("x = 4") is None
    assert asked == pytest.approx([(False, 3.0), (True, 5.0)])


def test_the_message_says_which_time_is_over(student):
    for limits, left, what in (
        (Limits(cell=0.3), 9, "a cell ran for more than 0.3 s"),
        (Limits(cell=5, total=60), 0.3, "the cells together took more than 60 s"),
    ):
        student.limits, student.seconds_left = limits, left
        with pytest.raises(StudentDied, match=what) as death:
            student.run("while True: pass")
        assert death.value.timed_out
    student.limits, student.seconds_left = Limits(call=0.3, test=7), 60
    student.run("def f():\n    while True: pass")
    with pytest.raises(TimeoutError, match="still running after 0.3 seconds"):
        StandIn(student, "f")()
    student.limits = Limits(call=5, test=0.3)
    with pytest.raises(TimeoutError, match="the calls of one test took more than 0.3 s"), student.test_time():
        StandIn(student, "f")()
    with pytest.raises(StudentDied, match="the test ran for more than 0.3 s"):
        student.test("f()")


def test_cells_that_took_all_their_time_leave_a_test_its_own(student):
    student.run("def f():\n    return 1")
    student.seconds_left = -1e9
    with student.test_time():
        assert StandIn(student, "f")() == 1


def test_the_start_of_a_process_takes_nothing_of_the_students_time(box, monkeypatch):
    late = 0.0

    def slow():
        nonlocal late
        late += 1000
        return box.start(Limits())

    set_clock(monkeypatch, lambda: time.monotonic() + late)
    with StudentProcess(slow, {}, NAMES, Limits()) as student:
        student.run("import os\ndef f():\n    return 1\ndef g():\n    os._exit(1)")
        assert student.seconds_left > 0
        with student.test_time():
            with pytest.raises(RuntimeError):
                StandIn(student, "g")()
            assert StandIn(student, "f")() == 1 and late == 2000
        assert student.seconds_left > 0


def test_a_value_is_asked_for_again_after_a_call_may_have_changed_it(student):
    student.run("f = [1]\ndef g():\n    f.append(2)")
    first = student.value("f")
    first.append(3)
    assert student.value("f") is first
    student.call("g")
    assert student.value("f") == [1, 2]


def test_printed_text_reaches_the_caller_and_is_limited(student, capsys):
    student.run("def f():\n    print('x' * 10**6)")
    student.call("f")
    assert capsys.readouterr().out == "x" * 10_000


# --------------------------------------------------------------------- a hostile end


def test_an_answer_with_too_many_values_is_an_error_and_no_end(student):
    for code in ("list(range(200_000))", "',' * 3_000_000", "'x' * 40_000_000"):
        student.run(f"def f(): return {code}")
        with pytest.raises(ValueError, match="the answer can't be used: the answer holds too many values"):
            student.call("f")
    assert student.died == []


def test_of_what_a_cell_shows_the_first_is_kept(student):
    student.run(
        "from IPython.display import display, HTML\nfor n in range(9): display(HTML(f'{n}' * 10**6))", show=True
    )
    _, *shown = student.outputs
    assert [output["data"]["text/html"][0] for output in shown] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    "forgery",
    [
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\0' * 100)\n    except OSError: pass",
        "import os\nfor fd in range(0, 64):\n    try: os.close(fd)\n    except OSError: pass",
        "import os, struct\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('<QQ', 20, 0) + b'{\"value\": true}     ' * 1)\n    except OSError: pass",
        "import sys\nsys.modules['json'].dumps = lambda *a, **k: 'x' * 10**7",
        "import sys\ndef forge(*result):\n    at = sys._getframe()\n    while 'LENGTHS' not in at.f_globals: at = at.f_back\n    at.f_globals['LENGTHS'] = None\nget_ipython().events.register('post_run_cell', forge)",
        "import threading, os\nthreading.Thread(target=lambda: [os.write(4, b'x' * 4096) for _ in range(100000)], daemon=True).start()",
        "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'BufferedWriter':\n        try: o.close()\n        except Exception: pass",
    ],
    ids=range(7),
)
def test_a_forged_or_broken_pipe_costs_the_forger_and_is_over_in_time(student, forgery):
    student.limits = Limits(cell=1, call=1, total=10)
    started = time.monotonic()
    for request in (lambda: student.run(forgery), lambda: student.run("def f(): return 1"), lambda: student.call("f")):
        try:
            request()
        except (StudentDied, ValueError, NameError):
            pass
    assert time.monotonic() - started < 10 * 3  # three limits of a second, on a machine that is busy


def test_many_starts_leave_no_descriptor_and_no_folder_behind():
    before = len(os.listdir("/proc/self/fd"))
    for _ in itertools.repeat(None, 5):
        with process_in(Unconfined()) as process:
            process.run("x = 1")
    assert len(os.listdir("/proc/self/fd")) <= before + 1
