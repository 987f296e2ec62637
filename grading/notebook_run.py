"""Runs one notebook of a submission from top to bottom, and each test where it stands."""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from grading.checks import SplitNamespace, Verdict, as_data, error_message, judge
from grading.master_cells import MasterCell, Test
from grading.master_notebook import MasterNotebook, seems_to_define
from grading.pipe import StudentDied
from grading.python_source import normalized
from grading.student import StudentProcess
from grading.submission import Cell, Submission

Outputs = list[dict[str, Any]]  # of a cell, as a notebook has them


class NotebookRun:
    """A submission that is run from top to bottom, and each test where it stands.

    Parameters
    ----------
    notebook : grading.master_notebook.MasterNotebook
    submission : grading.submission.Submission
    student : grading.student.StudentProcess
    together : collection of str
        The keys of the tests that run in the student's process.
    asked : collection of Test, optional
        With it no hidden lines are run but those of one test, the first of these that comes to them.

    Attributes
    ----------
    verdicts : dict of Test to Verdict
    outputs : dict of str to list or None
        What the programs that a person grades printed and drew, by grade id: None where their code knew of hidden lines.
    """

    def __init__(
        self,
        notebook: MasterNotebook,
        submission: Submission,
        student: StudentProcess,
        together: Collection[str],
        asked: Collection[Test] | None = None,
    ) -> None:
        self.notebook, self.submission, self.student = notebook, submission, student
        self.together, self.asked = together, asked
        self.namespace = SplitNamespace(notebook, student)
        self.verdicts: dict[Test, Verdict] = {}
        self.outputs: dict[str, Outputs | None] = {}
        self.versions: dict[Test, dict[str, int]] = {}  # how many values the names had that a test asked for
        # What the cell of a name ended in, and whether that can be shown.
        self.broken: dict[str, tuple[BaseException, bool]] = {}
        solved = notebook.solved(submission.cells)
        self.shown = {  # the programs that a person grades
            id(solved[one.grade_id]): one.grade_id
            for one in notebook.answers
            if one.kind == "code" and one.grade_id in solved
        }

    def run(self) -> None:
        """Run all of it."""
        code = [(cell, self.notebook.given_at(cell)) for cell in self.submission.cells if cell.kind == "code"]
        there = {id(given) for _, given in code}
        for given in self.notebook.code:  # one that is gone, or is another one now, helps where a name is missing
            if given.is_given and id(given) not in there:
                defer(self.student, given)
        for cell, stands_for in code:
            self.run_at(cell, stands_for)
        self.run_answers_in_text()
        for test in self.notebook.tests:
            self.judge_at_the_end(test)
        for name, (error, can_be_shown) in self.broken.items():
            self.tell_of_broken(name, error, can_be_shown)

    def run_at(self, cell: Cell, given: MasterCell | None) -> None:
        """Run a cell of the submission where it stands, and judge the test that it stands for."""
        self.student.number += bool(cell.source.strip())  # an empty cell is not run
        test, answers = self.notebook.test_at(cell), self.notebook.answers_in(cell)
        is_shown = id(cell) in self.shown
        if given is not None:
            run_given(self.student, given, cell)
        # A test is not the student's to run, unless an answer was merged into its cell.
        elif is_shown or test is None or answers and cell.source.strip() != test.source.strip():
            error = run_cell(self.student, cell.source, is_shown)
            self.broken |= dict.fromkeys(answers, (error, not self.student.leaked)) if error else {}
            if is_shown:
                self.outputs[self.shown[id(cell)]] = None if self.student.leaked else self.student.outputs
        if test is not None and test not in self.verdicts:
            self.verdicts[test] = self.judged(test)
            self.versions[test] = {name: versions_of(self.student, name) for name in self.namespace.asked}

    def run_answers_in_text(self) -> None:
        """Run exercises whose cell was turned into text by a slip of the keyboard."""
        for name in self.notebook.wanted:
            for cell in self.submission.cells:
                is_text = cell.kind != "code" and seems_to_define(cell, name)
                if is_text and not versions_of(self.student, name):
                    run_cell(self.student, cell.source)

    def judged(self, test: Test) -> Verdict:
        """Judge a test now, with its hidden lines where that was asked for."""
        is_together = test.key in self.together
        is_whole = self.asked is None or test in self.asked and self.student.leaked <= {test} and not is_together
        return judge(test, self.namespace, is_together, is_whole)

    def judge_at_the_end(self, test: Test) -> None:
        """Judge a test that did not stand in the submission, or that failed there: it may stand above the answer."""
        first = self.verdicts.get(test)
        if first is None:
            self.verdicts[test] = self.judged(test)
        elif first.points < test.points and not first.deadly and test.key not in self.together:
            before = self.versions[test].items()
            changed = any(versions_of(self.student, name) != number for name, number in before)
            again = self.judged(test)
            if changed or again.points > first.points:
                self.verdicts[test] = max(again, first, key=lambda verdict: verdict.points)

    def tell_of_broken(self, name: str, error: BaseException, can_be_shown: bool) -> None:
        """Say of the tests that ask for a name why it is not there: its cell can't be run."""
        own_message = f"{name} is not defined, because its cell can't be run"
        why = f"{own_message}: {' '.join(error_message(error).split())}"
        for test in self.notebook.tests:
            verdict = self.verdicts[test]
            if verdict.message and name in test.source and not versions_of(self.student, name):
                failure = as_data(error, is_own=False)
                self.verdicts[test] = replace(
                    verdict, message=why, own_message=own_message, can_be_shown=can_be_shown, failure=failure
                )


def asks_for_imports(notebook: MasterNotebook, submission: Submission, together: Collection[str]) -> bool:
    """Whether what is run seems to use anything that takes long to load; else an emptier process is forked, which is faster."""
    ours = {*notebook.given, *(test.normalized for test in notebook.tests)}
    run = [cell.source for cell in submission.cells if cell.kind == "code" and normalized(cell.source) not in ours]
    run += [cell.without_imports for cell in notebook.code if cell.is_given and not cell.is_deferred]
    run += [test.source for test in notebook.tests if test.key in together]
    return not notebook.slow.isdisjoint(word for source in run for word in re.findall(r"\w+", source))


def run_given(student: StudentProcess, given: MasterCell, cell: Cell) -> None:
    """Run a given cell as it was given. Where a student changed one that nbgrader locks, both are run, as it may hold an answer.

    What it imports is loaded when it is asked for, as that takes longer than grading.
    """
    if normalized(cell.source) != given.normalized and not given.is_deferred:
        run_cell(student, cell.source)
    if given.is_deferred:
        defer(student, given)
    elif rest := defer_imports(student, given):
        run_cell(student, rest)


def defer(student: StudentProcess, given: MasterCell) -> None:
    """Have a given cell run when a name is asked for that it sets."""
    rest = defer_imports(student, given)
    student.defer(rest, [*given.names.keys() - given.imports.keys()])


def defer_imports(student: StudentProcess, given: MasterCell) -> str:
    """Defer what a given cell imports; return the rest of it."""
    for name, statement in given.imports.items():
        student.defer(statement, [name])
    return given.without_imports if given.imports else given.source


def run_cell(student: StudentProcess, source: str, show: bool = False) -> BaseException | None:
    """Run a cell, with its outputs kept where they are to be shown, and return the error that it ended in, or None.

    An error or a death costs only what depends on the cell. What a deadly cell defines is kept.
    """
    died: Outputs = []
    for definitions in (False, True):
        try:
            error = student.run(source, definitions, show)
            student.outputs += died
            return error
        except StudentDied as death:  # noted in student.died, and the next request starts a new process
            died = [{"output_type": "error", "evalue": str(death)}]
    student.outputs = died
    return None


def versions_of(student: StudentProcess, name: str) -> int:
    """Return how many values the student's cells gave a name."""
    try:
        return student.describe(name)[0]
    except StudentDied:
        return 0
