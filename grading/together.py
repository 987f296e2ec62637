"""Which tests can't be split from the student's code: found by grading the master's own solution both ways."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grading.grade import NotebookResult, grade
from grading.launch import Sandbox
from grading.master_notebook import MasterNotebook
from grading.submission import read_notebook
from grading.work import Work


# One function: the three gradings are compared where they were made.
def find_together(work: Work, sandbox: Sandbox) -> frozenset[str]:
    """Return the keys of the tests that have to run together with the student's code.

    The master's own solution and the untouched release are graded both ways. A test is split where that gives both the
    same points, and the solution all of them, in half the time that a call has. What one test leaves for the next may
    need both in one process: where some run together and some don't, the points have to be the same once more.
    """
    found: frozenset[str] = frozenset()
    if not work.master.tests:
        return found
    # A call that needs nearly all of its time would be there for one submission and late for the next.
    work = replace(work, limits=replace(work.limits, call=work.limits.call / 2))
    beside: list[dict[str, bytes]] = [{}, {}]  # what both wrote into files, for the notebook that comes next
    for notebook in work.master.notebooks.values():
        keys = {test.key for test in notebook.tests}
        apart = graded(work, notebook, sandbox, (), beside)
        whole = graded(work, notebook, sandbox, keys, beside) if keys else apart
        chosen = {test.key for test in notebook.tests if apart[0].scores[test.key] != test.points}
        chosen |= {key for key in keys if is_unlike(apart, whole, key)}
        mixed = graded(work, notebook, sandbox, chosen, beside) if chosen else apart
        same = not any(is_unlike(mixed, whole, key) for key in keys)
        found |= chosen if same else keys
        beside = [earlier | one.written for earlier, one in zip(beside, mixed if same else whole)]
    return found


def graded(
    work: Work,
    notebook: MasterNotebook,
    sandbox: Sandbox,
    together: Iterable[str],
    beside: Sequence[dict[str, bytes]],
) -> list[NotebookResult]:
    """Grade the solution and the release of a notebook, with some tests run together."""
    work = replace(work, together=frozenset(together))
    known = [read_notebook(data) for data in (notebook.notebook, notebook.released) if data]
    return [grade(work, notebook, one, sandbox, files) for one, files in zip(known, beside)]


def is_unlike(some: Sequence[NotebookResult], others: Sequence[NotebookResult], key: str) -> bool:
    """Whether a test gave other points to the solution or to the release."""
    return any(one.scores[key] != other.scores[key] for one, other in zip(some, others))
