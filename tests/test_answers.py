"""Both banks of answers, through the visible checks, the hidden checks and `nbgrader autograde`, with our grader and without."""

import itertools
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import nbformat
import numpy as np
import pytest
from answers import EXERCISES, RIGHT, WRONG
from conftest import kept, value_in
from courses import copy_course, nbgrader, points_in, with_helpers_in_its_source
from run_all import cells_by_id, function_of
from waiting import PATIENCE

import public_tests
from diagnosis import SENTENCES, CheckFailed
from preflight import look_over
from public_tests import HE, RANDOM, SIZES, ZEROS

ANSWERS = WRONG + RIGHT
MESSAGES = SENTENCES["messages"]
EXERCISE = {"zeros": ZEROS, "random": RANDOM, "he": HE}
# What needs a notebook, with other cells or none: see test_notebook_cells.py.
OF_OTHER_CELLS = {"error/taken", "error/seed taken", "repeat/seed taken", "error/pasted", "cell/any"}
OF_OTHER_CELLS |= {"there/similar", "there/pasted", "there/any"}
# Two different mistakes with one outcome: nothing in what comes back tells them apart.
SAME_OUTCOME = [
    {"loop from 0, one short", "keys one number too low"},
    *map(
        set,
        itertools.combinations(
            ["no seed", "the seed above the function", "the module random, which NumPy's seed leaves alone"], 2
        ),
    ),
    {"one draw for a layer", "normal without size"},
    {"layers_dims[L-1]", "unscaled"},  # a root of 2 / 2: a fan-in of 2 tells the whole fractions from the others
    {"1 / n", "a power of 1/2 without brackets"},
    {"an empty dict", "return before the loop"},
    {"a loop that never ends", "a loop that never ends and catches errors"},
]


@dataclass
class Row:
    """One line of the matrix: an answer, and what each judge made of it: two checks and one or two runs of nbgrader."""

    answer: object
    visible: str
    hidden: str
    points: dict = field(default_factory=dict)
    messages: dict = field(default_factory=dict)


def judged(check):
    """The message of a check, or an empty text where it passes."""
    try:
        check()
    except CheckFailed as failed:
        return str(failed)
    return ""


def hidden_check(source, exercise, function):
    """Run the hidden region of the exercise's test cell on a function."""
    _, _, region = cells_by_id(source)[f"{exercise}-test"].source.partition("### BEGIN HIDDEN TESTS\n")
    exec(region, {"np": np, f"initialize_parameters_{exercise}": function})


def submission(released, answers):
    """The released notebook with answers typed in; what no check needs is left out, as the class is large."""
    notebook = nbformat.from_dict(released)
    cells = cells_by_id(notebook)
    for answer in answers:
        cells[f"{answer.exercise}-exercise"].source = answer.source
    kept = ["packages", *(f"{name}-{part}" for name in EXERCISES for part in ("exercise", "test"))]
    notebook.cells = [cells[name] for name in kept]
    return notebook


def class_of_answers():
    """Three answers to a submission: a wrong one to each exercise, or right ones where there is no wrong one left."""
    wrong = [[answer for answer in WRONG if answer.exercise == name] for name in EXERCISES]
    right = [[answer for answer in RIGHT if answer.exercise == name] for name in EXERCISES]
    for index in range(max(map(len, wrong))):
        yield [many[index] if index < len(many) else fill[index % len(fill)] for many, fill in zip(wrong, right)]
    for index in range(max(map(len, right))):
        yield [many[index % len(many)] for many in right]


def autograde(course, notebooks):
    """Grade submissions with the nbgrader command; return points and messages by student."""
    with open(course / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Execute.timeout = {PATIENCE}  # seconds for a cell: the checks have limits of their own\n")
    for student, notebook in notebooks.items():
        path = course / "submitted" / student / "initialization" / "initialization.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    for command in ("generate_assignment", "autograde"):
        nbgrader(course, command, "initialization")
    outcome = {}
    for student, points in points_in(course, notebooks).items():
        page = nbformat.read(course / "autograded" / student / "initialization" / "initialization.ipynb", 4)
        errors = {
            name: "".join(out.evalue for out in cells_by_id(page)[f"{name}-test"].outputs if out.output_type == "error")
            for name in EXERCISES
        }
        outcome[student] = points, errors
    return outcome


@pytest.fixture
def checked(source, once, ticking):
    """Every answer, judged by the visible check and the hidden one."""

    def judge(folder):
        tests = {name: getattr(public_tests, f"initialize_parameters_{name}_test") for name in EXERCISES}
        rows = []
        for answer in ANSWERS:
            function = function_of(answer.source, f"initialize_parameters_{answer.exercise}")
            visible = judged(lambda: tests[answer.exercise](function))
            hidden = judged(lambda: hidden_check(source, answer.exercise, function))
            rows.append(Row(answer, visible, hidden))
        return rows

    return value_in(once("checked-answers", kept(judge)))


@pytest.fixture
def matrix(checked, released, once):
    """Every answer, judged by nbgrader as well, with our grader and, for some of them, without."""

    def judge(folder):
        rows = {row.answer.id: row for row in checked}
        students = {f"student-{number}": answers for number, answers in enumerate(class_of_answers())}
        notebooks = {student: submission(released, answers) for student, answers in students.items()}
        # An unmodified nbgrader takes seconds for each: every sixth of what is right, and every sixtieth of what is wrong.
        right = [student for student, answers in students.items() if not any(answer.message for answer in answers)]
        sample = {student: notebooks[student] for student in sorted({*right[::6], *list(notebooks)[::60]})}
        with ThreadPoolExecutor() as threads:
            ours = threads.submit(autograde, copy_course(folder / "a course", grader=True), notebooks)
            theirs = threads.submit(autograde, with_helpers_in_its_source(copy_course(folder / "unmodified")), sample)
        for outcome, judge in ((ours, "grading"), (theirs, "nbgrader")):
            for student, (points, errors) in outcome.result().items():
                for answer in students[student]:
                    rows[answer.id].points[judge] = points[answer.exercise]
                    rows[answer.id].messages[judge] = errors[answer.exercise]
        return list(rows.values())

    return value_in(once("matrix-of-answers", kept(judge)))


def wrong(rows):
    return [row for row in rows if row.answer.message]


def test_the_banks_are_large_enough():
    assert min(Counter(answer.exercise for answer in WRONG).values()) >= 20
    assert min(Counter(answer.exercise for answer in RIGHT).values()) >= 15
    assert len({answer.id for answer in ANSWERS}) == len({(a.exercise, a.source) for a in ANSWERS}) == len(ANSWERS)


def test_every_right_answer_passes_both_checks(checked):
    for row in checked:
        if not row.answer.message:
            assert (row.visible, row.hidden) == ("", ""), row.answer.id


def test_every_wrong_answer_fails_a_check(checked):
    for row in wrong(checked):
        only_hidden = row.answer.message.startswith("hidden/")
        assert bool(row.visible) != only_hidden, row.answer.id
    # What each function gets wrong shows on the hidden sizes, too; a single layer is a visible one.
    assert {row.answer.name for row in wrong(checked) if not row.hidden} == {"needs a hidden layer"}


def test_nbgrader_gives_right_answers_their_points_and_wrong_ones_none(matrix):
    for row in matrix:
        fair = 0 if row.answer.message else 10
        assert row.points["grading"] == fair and set(row.points.values()) == {fair}, row.answer.id
        assert fair == 0 or not any(row.messages.values()), row.answer.id


def test_every_message_names_the_likely_cause(checked):
    for row in wrong(checked):
        kind, _, mistake = row.answer.message.partition("/")
        hint = SENTENCES["hidden"]["hint"] if kind == "hidden" else MESSAGES[kind]["hints"][mistake]
        told = row.hidden if kind == "hidden" else row.visible
        for part in [*hint.split("{")[0:1], *row.answer.words, *([mistake] if kind == "hidden" else [])]:
            assert part in told, (row.answer.id, told)


def test_nbgrader_records_the_same_message(matrix):
    """The same but for what nothing fixes: draws without a seed, the line of an error, Python's words for a deep stack."""
    for row in wrong(matrix):
        told = row.visible or row.hidden
        texts = {
            judge: re.sub(r" \(line .*| in comparison| while calling a Python object", "", text)
            for judge, text in [("", told), *row.messages.items()]
        }
        texts = {judge: re.sub(r"[-\d.]+", "#", text) for judge, text in texts.items()}
        assert len(set(texts.values())) == 1, (row.answer.id, texts)


def test_no_hidden_message_tells_the_layer_sizes(checked):
    for row in wrong(checked):
        assert "[" not in row.hidden.partition("\n")[0], row.hidden


def test_no_message_of_nbgrader_tells_the_source(matrix):
    for row in wrong(matrix):
        for message in row.messages.values():
            assert "RandomState" not in message and "reference" not in message


def test_different_mistakes_get_different_messages(checked):
    for first, second in itertools.combinations(wrong(checked), 2):
        if first.answer.exercise == second.answer.exercise and first.visible and first.visible == second.visible:
            assert {first.answer.name, second.answer.name} in SAME_OUTCOME, first.visible


def test_no_two_mistakes_return_the_same_for_the_first_sizes(checked):
    """Else the check could not tell them apart, whatever it looked for."""
    about_values = (
        "keys",
        "weight shape",
        "bias shape",
        "bias value",
        "zero weight",
        "draws",
        *map(about_scale, EXERCISE),
    )
    seen = {}
    for row in wrong(checked):
        kind, _, cause = row.answer.message.partition("/")
        if kind in about_values and cause != "not filled" and str(list(SIZES)) in row.visible:
            with np.errstate(all="ignore"):
                returned = function_of(row.answer.source, EXERCISE[row.answer.exercise].function)(list(SIZES))
            values = {
                key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in returned.items()
            }
            seen.setdefault((row.answer.exercise, repr(sorted(values.items(), key=str))), []).append(row.answer)
    agree = [{answer.name for answer in answers} for answers in seen.values() if len(answers) > 1]
    told_by_other_sizes = {"loop one short", "only two layers, typed in"}
    assert len(seen) > 200 and [names for names in agree if names not in [*SAME_OUTCOME, told_by_other_sizes]] == []


def about_scale(exercise):
    return EXERCISE[exercise].about_scale


def test_the_preflight_is_right_about_every_answer(checked, ticking):
    """What it calls ready passes the visible check and the hidden one; what it calls not ready fails one of them."""
    others = {right.exercise: right for right in RIGHT if right.name == "as taught"}
    for row in checked:
        mine = {**others, row.answer.exercise: row.answer}
        functions = {
            exercise.function: function_of(mine[name].source, exercise.function) for name, exercise in EXERCISE.items()
        }
        table = look_over({"__builtins__": __builtins__, **functions}, EXERCISE.values())
        is_ready = table.summary == SENTENCES["preflight"]["ready"]
        assert is_ready == (not row.visible and not row.hidden), (row.answer.id, table)


def test_every_hint_is_earned_by_a_wrong_answer(checked):
    """No hint without a mistake that ends in it, so none can be out of date."""
    earned = {row.answer.message for row in checked}
    hints = {f"{kind}/{mistake}" for kind, message in MESSAGES.items() for mistake in message["hints"]}
    assert hints - earned == OF_OTHER_CELLS


@pytest.mark.parametrize("answer", WRONG, ids=lambda answer: answer.id)
def test_a_wrong_answer_fails_no_other_exercise(answer):
    """All three answers in one namespace, as in the notebook: the other two still pass."""
    namespace = {"np": np, "__name__": "__main__"}
    others = [right for right in RIGHT if right.name == "as taught" and right.exercise != answer.exercise]
    for each in [*others, answer]:
        exec(each.source, namespace)
    for right in others:
        test = getattr(public_tests, f"initialize_parameters_{right.exercise}_test")
        assert judged(lambda: test(namespace[f"initialize_parameters_{right.exercise}"])) == ""


def test_the_matrix(matrix, record_property):
    """Print who passes, who fails and why, for everybody to read."""
    lines = ["exercise  answer                                    visible  hidden  nbgrader  message"]
    for row in matrix:
        visible, hidden = ("fail" if said else "pass" for said in (row.visible, row.hidden))
        points = f"{row.points['grading']:g} of 10"
        hint = (row.messages["grading"].splitlines() or ["-"])[-1].removeprefix("Hint:").strip()
        lines.append(f"{row.answer.exercise:9} {row.answer.name:41} {visible:8} {hidden:7} {points:9} {hint}")
    lines.append(f"{len(wrong(matrix))} wrong answers, {len(matrix) - len(wrong(matrix))} right ones.")
    record_property("answers", "\n".join(lines))
    assert len(matrix) == len(ANSWERS)
