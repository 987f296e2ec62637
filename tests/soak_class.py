"""Grade a large class, a tenth of it hostile or damaged: its memory stays what it was, and nothing is left of it.

``python tests/soak_class.py`` grades 2,000 submissions, writes their pages, and prints a line for each hundred and what was
left. `test_walls.py` does the same with a few.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
from attacks import ATTACKS
from corpus import blank, save
from costly import COSTLY
from courses import copy_course
from damaged import DAMAGED

from grading import fleet
from grading.assignment import CourseAssignment
from grading.feedback import PageState, write_feedback
from grading.grader import close_graders
from grading.release import release
from grading.work import Work

LIMITS = "\nc.Limits.cell, c.Limits.call, c.Limits.total = 2, 1, 4\n"  # seconds: what waits is not what is tried here
SYSTEM_V = "shm", "sem", "msg"


@dataclass
class Soaked:
    """What was seen.

    Attributes
    ----------
    peers, right : int
        Students with right answers, and those of them who got all points.
    start, end : int
        Bytes of the processes that stay, after a tenth of the class and at its end.
    left : list of str
        What was not there before.
    """

    peers: int = 0
    right: int = 0
    start: int = 0
    end: int = 0
    left: tuple = ()


def class_of(course, count):
    """Hand in ``count`` submissions; return which of the students have right answers."""
    hostile, peers = [*ATTACKS, *DAMAGED, *COSTLY], set()
    right = blank(solved=("zeros", "random", "he"))
    for number in range(count):
        folder = course.submission(f"s{number:05}").parent
        folder.mkdir(parents=True)
        if number % 10 == 5:
            hostile[(number // 10 * 7) % len(hostile)].write(folder)  # all kinds of them, also in a small class
        else:
            save(right, folder)
            peers.add(f"s{number:05}")
    return peers


def in_its_own_process(folder, count):
    """Return what ``soak`` has seen in a process where nothing else is open, begun or kept in memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(soak, folder, count).result()


def there(folder):
    """Return what is on this machine that grading could leave behind."""
    files = {f"the file {path}" for path in Path(folder).rglob("*")}
    mounts = {f"the mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    segments = {
        f"the {kind} {line.split()[1]}"
        for kind in SYSTEM_V
        for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
    }
    processes = {f"the process {one.pid}" for one in psutil.Process().children(recursive=True)}  # not how busy they are
    return files | mounts | segments | processes | {f"{len(os.listdir('/proc/self/fd'))} open files"}


def memory():
    """Return the bytes of this process and of those that it has started and that don't come and go."""
    me = psutil.Process()
    return sum(one.memory_info().rss for one in (me, *me.children()))


def soak(folder, count, tell=lambda line: None):
    """Grade a class in a folder, twice, with its pages; return what was seen."""
    place = copy_course(Path(folder) / "course", grader=False)
    with open(place / "nbgrader_config.py", "a") as config:
        config.write(LIMITS)
    release(CourseAssignment("initialization", place))
    course = CourseAssignment("initialization", place)
    peers = class_of(course, count)
    scratch = Path(folder) / "tmp"
    scratch.mkdir()
    tempfile.tempdir, os.environ["TMPDIR"] = str(scratch), str(scratch)
    close_graders()  # what the release has left waiting would end meanwhile
    before, seen = there(scratch), Soaked(len(peers))
    work = Work(course.master, course.limits)
    engine = fleet.LocalEngine(2)
    for done, (student, graded) in enumerate(fleet.autograde(course, course.students(), engine, work), 1):
        seen.right += student in peers and graded.result.score == 30
        if done == max(count // 10, 1):
            seen.start = memory()
        if done % 100 == 0 or done == count:
            seen.end = memory()
            tell(f"{done} graded, {seen.end / 1e6:.1f} MB")
    made = dict(write_feedback(course))
    tell(f"{sum(how == PageState.WRITTEN for how in made.values())} pages")
    again = [graded for _, graded in fleet.autograde(course, course.students(), fleet.LocalEngine(2), work)]
    tell(f"{sum(graded is not None for graded in again)} graded again")
    seen.left = tuple(sorted(there(scratch) - before))
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=2000)
    count = parser.parse_args().count
    folder = tempfile.mkdtemp(prefix="soak-")
    try:
        seen = soak(folder, count, lambda line: print(line, flush=True))
    finally:
        subprocess.run(["rm", "-rf", folder])
    print(f"{seen.right} of {seen.peers} right ones have all points")
    print(f"memory: {seen.start / 1e6:.1f} MB after a tenth, {seen.end / 1e6:.1f} MB at the end")
    sys.exit("Left: " + "; ".join(seen.left) if seen.left else 0)


if __name__ == "__main__":
    main()
