"""isolation.py: what one call does, or meets, is its own; nothing of it is left, and the others get their answers."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from called import not_ready, ready, ready_beside_another, start_and_sleep
from courses import ROOT
from waiting import have_ended, wait_until

from grading.isolation import CallFailed, CallLimits, Closed, Isolated
from grading.sandbox import NoSandbox


@pytest.fixture(scope="module")
def calls():
    made = Isolated(ready, limits=CallLimits(memory=128 << 20, cpu=1, clock=1.0, answer=1 << 20))
    yield made
    made.close()


@pytest.fixture
def own():
    """For tests that end the warm process, or take their time."""
    made = Isolated(ready)
    yield made
    made.close()


def warm_of(calls):
    return calls.call("who")[0][1]


def below(process):
    return [one.pid for one in psutil.Process(process).children(recursive=True)]


def test_a_call_gets_what_the_function_returns(calls):
    assert calls.call("double", [1, 2]) == ([1, 2, 1, 2], b"bytes")
    assert calls.call("echo", bytes(1_000_000))[1] == bytes(1_000_000)


def test_each_call_has_a_process_of_its_own_that_is_forked_from_one(calls):
    (first, warm), _ = calls.call("who")
    (second, same), _ = calls.call("who")
    assert first != second and warm == same == calls.fork_server.process.pid


def test_calls_are_answered_at_the_same_time(own, tmp_path):
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(own.call, "wait_for", str(tmp_path / "done")) for _ in range(4)]
        doubled = [*threads.map(lambda number: own.call("double", number)[0], range(100))]
        (tmp_path / "done").touch()
    assert doubled == [2 * number for number in range(100)]
    assert [one.result()[0] for one in waiting] == 4 * ["seen"]


@pytest.mark.parametrize(
    "reason, call",
    [
        ("it took more than 128 MB of memory", ["ask_for_memory"]),
        ("it took more than 128 MB of memory", ["fill_memory"]),
        ("it took more than 128 MB of memory", ["echo", bytes(200 << 20)]),
        ("it took more than 128 MB of memory", ["fail", errno.ENOMEM]),
        ("OSError: Too many open files", ["fail", errno.EMFILE]),
        ("PermissionError: Permission denied", ["fail", errno.EACCES]),
        ("OSError: A sentence of its own.", ["fail_with_a_sentence"]),
        ("it took more than 1 s by the clock", ["sleep"]),
        ("its answer has more than 1 MB", ["echo", bytes(1 << 20)]),
        ("it is nested too deeply", ["nest"]),
        (r"its process was ended by signal 11 \(Segmentation fault\)", ["fall"]),
        ("its process was killed: memory may be short", ["die"]),
        ("its process ended with 3", ["leave", 3]),
        ("its process ended with 0", ["leave", 0]),
        ("KeyError: 'a defect'", ["be_wrong"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_a_call_meets_ends_it_alone(calls, reason, call):
    warm = warm_of(calls)
    with pytest.raises(CallFailed, match=f"^{reason}$"):
        calls.call(*call)
    assert warm_of(calls) == warm


def test_a_call_has_so_much_of_the_processor():
    calls = Isolated(ready, limits=CallLimits(cpu=1))
    with contextlib.closing(calls), pytest.raises(CallFailed, match="^it took more than 1 s of the processor$"):
        calls.call("spin")


def test_what_the_machine_is_the_reason_of_is_not_the_fault_of_a_call(calls):
    with pytest.raises(OSError) as full:
        calls.call("fail", errno.ENOSPC, "/a file")
    assert (full.value.errno, full.value.filename) == (errno.ENOSPC, "/a file")
    with pytest.raises(NoSandbox, match="^There is none.$"):
        calls.call("find_no_sandbox")


# ------------------------------------------------------------------------ what is left


@pytest.mark.parametrize("then", [["double", 1], ["die"]], ids=["it returns", "it is killed"])
def test_nothing_of_a_call_is_left(own, then):
    warm = warm_of(own)
    with contextlib.nullcontext() if then == ["double", 1] else pytest.raises(CallFailed):
        own.call("leave_much", then)
    assert below(warm) == []
    assert own.call("what_is_there") == ([[], True], b"")
    assert [[*folder.iterdir()] for folder in Path(own.fork_server.home).iterdir()] == [[]]


def test_calls_leave_nothing_open(calls):
    def open_in(process):
        return len(os.listdir(f"/proc/{process}/fd"))

    warm = warm_of(calls)
    here, there = open_in("self"), open_in(warm)
    for number in range(200):
        if number % 20:
            assert calls.call("double", number)[0] == 2 * number
        else:
            with pytest.raises(CallFailed):
                calls.call("die")
    assert open_in("self") == here
    assert abs(open_in(warm) - there) <= 1  # through which it has told of a call just now


# ------------------------------------------------------------- the warm process is killed


def test_a_warm_process_that_was_killed_is_started_again(own):
    warm = warm_of(own)
    os.kill(warm, signal.SIGKILL)
    wait_until(lambda: have_ended([warm]))
    assert own.call("double", 2)[0] == 4 and warm_of(own) != warm


def test_calls_whose_warm_process_is_killed_are_made_again(own, tmp_path):
    warm, home = warm_of(own), Path(own.fork_server.home)
    with ThreadPoolExecutor(4) as threads:
        under_way = [threads.submit(own.call, "wait_for", str(tmp_path / "done")) for _ in range(4)]
        wait_until(lambda: len(below(warm)) == 4)
        forked = below(warm)
        os.kill(warm, signal.SIGKILL)
        (tmp_path / "done").touch()
        assert [one.result()[0] for one in under_way] == 4 * ["seen"]
    wait_until(lambda: have_ended([warm, *forked]))
    assert not home.exists() and warm_of(own) != warm


def test_where_what_was_prepared_is_killed_all_is_made_again(tmp_path):
    calls = Isolated(ready_beside_another)
    with contextlib.closing(calls), ThreadPoolExecutor(1) as threads:
        warm = warm_of(calls)
        (prepared,) = below(warm)
        under_way = threads.submit(calls.call, "wait_for", str(tmp_path / "done"))
        wait_until(lambda: len(below(warm)) == 2)
        os.kill(prepared, signal.SIGKILL)
        wait_until(lambda: have_ended([warm]))
        (tmp_path / "done").touch()
        assert under_way.result()[0] == "seen"
        assert len(below(warm_of(calls))) == 1


def test_a_call_that_kills_its_warm_process_is_not_made_for_ever(own):
    with pytest.raises(CallFailed, match="^its process was killed, and so was the one that it was forked from"):
        own.call("kill_the_warm_one")
    assert own.call("double", 2)[0] == 4


# ------------------------------------------------------------------ the begin and the end


@pytest.mark.parametrize(
    "reason, call",
    [
        ("KeyError: 'a defect'", ["be_wrong"]),
        ("it ended before it was ready", ["fall"]),
        ("it ended before it was ready", ["leave", 0]),
    ],
    ids=["it raises", "it falls", "it ends"],
)
def test_a_warm_process_that_can_not_be_started_gets_a_sentence(reason, call):
    calls = Isolated(not_ready, call)
    for _ in range(2):
        with pytest.raises(OSError, match=rf"^The process that grades could not be started: {reason}\.$") as error:
            calls.call()
        assert error.value.errno is None  # the command line prints the text of such an error, and ends


def test_what_it_can_not_import_gets_a_sentence(monkeypatch):
    # Other tests' courses, which bring the grader along, may have got there.
    monkeypatch.setattr(sys, "path", [path for path in sys.path if not Path(path, "grading").is_dir()])
    with pytest.raises(OSError, match="could not be started: ModuleNotFoundError: No module named 'grading'"):
        Isolated(ready).call()


def test_nothing_is_called_once_it_is_closed(own):
    warm, home = warm_of(own), Path(own.fork_server.home)
    own.close()
    assert have_ended([warm]) and not home.exists()
    with pytest.raises(Closed):
        own.call("double", 1)
    assert own.fork_server is None
    own.close()


@pytest.mark.parametrize("prepare, count", [(ready, 4 * 3), (start_and_sleep, 2)], ids=["it is ready", "it gets ready"])
def test_who_waits_for_an_answer_when_it_is_closed_is_told(prepare, count):
    calls = Isolated(prepare)
    with ThreadPoolExecutor(4) as threads:
        under_way = [threads.submit(calls.call, "start_and_sleep") for _ in range(4)]
        wait_until(lambda: calls.fork_server is not None)
        warm, home = calls.fork_server.process.pid, Path(calls.fork_server.home)
        wait_until(lambda: len(below(warm)) == count)
        started, closing = below(warm), time.monotonic()
        calls.close()
        assert have_ended([warm, *started]) and not home.exists() and calls.fork_server is None
        assert {type(one.exception()) for one in under_way} == {Closed}
        assert time.monotonic() - closing < 30  # and none of them took its minute


def test_where_its_owner_is_killed_nothing_is_left():
    program = (
        "from called import ready; from grading.isolation import Isolated; Isolated(ready).call('start_and_sleep')"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as owner:
        wait_until(lambda: len(below(owner.pid)) == 4)
        started = below(owner.pid)
        home = Path(psutil.Process(started[0]).environ()["TMPDIR"])
        assert home.is_dir()
        owner.kill()
    wait_until(lambda: have_ended(started) and not home.exists())
