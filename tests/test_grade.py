"""grade.py and checks.py: whole submissions, of this assignment and of one that has nothing to do with it."""

import json
import random
import time
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from answers import RIGHT, WRONG
from conftest import ROOT, cells_by_id

from grading import grade as room
from grading.checks import points, surroundings
from grading.grade import Work, grade, grade_one, walk
from grading.master import Master, statements, visible
from grading.result import Submitted
from grading.sandbox import Limits, available
from grading.student import StudentProcess
from grading.submission import read

LIMITS = Limits(cell=3, call=2, total=30)
SOURCE = ROOT / "source" / "initialization"


@pytest.fixture(scope="module")
def master():
    return Master(
        "initialization",
        (SOURCE / "initialization.ipynb").read_bytes(),
        {path.name: path.read_bytes() for path in SOURCE.glob("*.py")},
    )


def notebook(cells):
    """A notebook from (grade id, source) pairs, with nbgrader's metadata by the ending of the id."""
    made = nbformat.v4.new_notebook()
    for name, source in cells:
        cell = nbformat.v4.new_code_cell(source, id=name)
        kind = name.rpartition("-")[2]
        cell.metadata.nbgrader = {
            "grade_id": name,
            "grade": kind == "test",
            "solution": kind == "exercise",
            "locked": kind != "exercise",
            "points": 5,
            "schema_version": 3,
        }
        made.cells.append(cell)
    return made


# An assignment about words and tables: functions, a class, a value, partial points, text, dicts, lists and arrays.
WORDS = [
    (
        "imports",
        "import numpy as np\nfrom collections import Counter\nfrom shop import PRICES\nprint(1 / 0 if False else 'given')",
    ),
    ("given", "def shout(text):\n    return text.upper()\n\nslow = sum(range(10))"),
    ("count-exercise", "def count(text):\n    return dict(Counter(text.split()))"),
    ("count-test", "assert count('a b a') == {'a': 2, 'b': 1}\nassert count('') == {}, 'an empty text has no words'"),
    ("scale-exercise", "def scale(table, by=2):\n    return table * by\n\nLIMIT = 7"),
    (
        "scale-test",
        "np.testing.assert_array_equal(scale(np.arange(3), by=3), [0, 3, 6])\nassert scale([1]) == [1, 1]\nassert LIMIT == 7",
    ),
    ("total-exercise", "def total(basket):\n    return sum(PRICES[item] for item in basket)"),
    (
        "total-test",
        "right = sum(total(basket) == price for basket, price in [([], 0), (['tea'], 3), (['tea', 'cake'], 8)])\nfloat(right) * 5 / 3",
    ),
    ("loud-exercise", "def loud(names):\n    return [shout(name) for name in names]"),
    ("loud-test", "### BEGIN HIDDEN TESTS\nassert loud(['a', 'b']) == ['A', 'B']\n### END HIDDEN TESTS"),
]
SHOP = {"shop.py": b"PRICES = {'tea': 3, 'cake': 5}\n"}


@pytest.fixture(scope="module")
def words():
    return Master("words", json.dumps(notebook(WORDS)).encode(), SHOP)


def graded(master, cells, **changes):
    made = notebook([(name, changes.get(name.replace("-", "_"), source)) for name, source in cells])
    return grade(master, read(json.dumps(made).encode()), "zoe", available(), LIMITS)[0]


def test_another_assignment_grades_with_no_change(words):
    result = graded(words, WORDS)
    assert (result.status, result.scores, result.message) == (
        "graded",
        {"count-test": 5, "scale-test": 5, "total-test": 5, "loud-test": 5},
        "All checks passed.",
    )


@pytest.mark.parametrize(
    ("changes", "scores", "words_of_the_message"),
    [
        ({"count_exercise": "def count(text):\n    return {}"}, [0, 5, 5, 5], "count"),
        (
            {"count_exercise": "def count(text):\n    return Counter(text.split()) if text else None"},
            [0, 5, 5, 5],
            "an empty text",
        ),
        ({"scale_exercise": "def scale(table, by=2):\n    return table * by\nLIMIT = 8"}, [5, 0, 5, 5], "scale"),
        ({"scale_exercise": "def scale(table):\n    return table"}, [5, 0, 5, 5], "TypeError"),
        (
            {"total_exercise": "def total(basket):\n    return 3 * len(basket)"},
            [5, 5, 10 / 3, 5],
            "3.33333 of 5 points",
        ),
        ({"total_exercise": "def total(basket):\n    return 1/0"}, [5, 5, 0, 5], "ZeroDivisionError"),
        ({"loud_exercise": "def loud(names):\n    return names"}, [5, 5, 5, 0], "AssertionError"),
        ({"loud_exercise": "raise RuntimeError"}, [5, 5, 5, 0], "'loud' is not defined"),
        (
            {"loud_exercise": "def loud(names):\n    retrun names"},
            [5, 5, 5, 0],
            "its cell can't be run: SyntaxError: invalid syntax (line 2: retrun names)",
        ),
        (
            {"loud_exercise": "import nowhere\ndef loud(names):\n    return names"},
            [5, 5, 5, 0],
            "its cell can't be run: ModuleNotFoundError",
        ),
    ],
)
def test_what_is_wrong_costs_its_own_points(words, changes, scores, words_of_the_message):
    result = graded(words, WORDS, **changes)
    assert list(result.scores.values()) == pytest.approx(scores)
    assert result.status == "graded" and words_of_the_message in result.message


def test_given_statements_go_with_those_that_change_what_they_bind():
    source = "t = {}\nprint(t)\nt['a'] = 1\nfor k in 'bc':\n    t[k] = [1]\nu = 3\nt['b'].append(2)\nt.missing()\ndef f():\n    t.clear()"
    names, changes = zip(*((statement.names, statement.source) for statement in statements(source)))
    assert names == (("t", "k"), ("u",), ("f",))
    space = {}
    exec(changes[0], space)
    assert space["t"] == {"a": 1, "b": [1, 2], "c": [1]}


# Each an exercise and its test as instructors write them, which pass in one kernel.
KERNEL = [
    (
        "seeds NumPy",
        "def draw(n):\n    return np.random.randn(n)",
        "for _ in range(2):\n    np.random.seed(1)\n    np.testing.assert_allclose([*draw(1), *draw(1)], [1.62434536, -0.61175641])",
    ),
    (
        "seeds Python",
        "def roll(n):\n    return [random.random() for _ in range(n)]",
        "random.seed(7)\nfirst = roll(2)\nrandom.seed(7)\nassert first == roll(2) == [0.32383276483316237, 0.15084917392450192]",
    ),
    (
        "draws the arguments",
        "def add_noise(x):\n    return x + np.random.randn(2)",
        "np.random.seed(1)\nx = np.random.randn(2)\nnp.testing.assert_allclose(add_noise(x), [1.09617361, -1.68472503])",
    ),
    (
        "looks at a global name that a call sets",
        "balance = 10\ndef deposit(x):\n    global balance\n    balance += x",
        "deposit(5)\nassert balance == 15",
    ),
    ("changes a value of the student's", "basket = {'tea': 1}", "basket['cake'] = 2\nassert len(basket) == 2"),
    (
        "asks for a text out of an array",
        "def best(x):\n    return np.array(['a', 'b'])[np.argmax(x)]",
        "assert best([1, 2]) == 'b'",
    ),
]


@pytest.mark.parametrize(("exercise", "test"), [case[1:] for case in KERNEL], ids=[case[0] for case in KERNEL])
def test_what_passes_in_one_kernel_passes_here(exercise, test):
    cells = [("imports", "import random\nimport numpy as np"), ("it-exercise", exercise), ("it-test", test)]
    for _ in range(2):  # the second submission finds the random numbers where the first left them
        result = graded(Master("kernel", json.dumps(notebook(cells)).encode()), cells)
        assert (result.score, result.message) == (5, "All checks passed.")


def test_what_can_not_be_passed_is_named():
    cells = [("it-exercise", "def apply(f, x):\n    return f(x)"), ("it-test", "assert apply(lambda x: x, 1) == 1")]
    result = graded(Master("kernel", json.dumps(notebook(cells)).encode()), cells)
    assert "the test passes something of type function, and only plain data can be passed" in result.message


def test_what_an_error_says_reaches_the_message_as_text(words):
    loud = "def count(text):\n    raise ValueError('\\x1b[31mred')"
    result = graded(words, WORDS, count_exercise=loud)
    assert "ValueError: \N{REPLACEMENT CHARACTER}[31mred" in result.message and result.message.isprintable()


def test_a_test_that_stands_above_its_answer_is_run_again_below(words):
    cells = [*WORDS[:2], WORDS[3], WORDS[2], *WORDS[4:]]
    assert graded(words, cells).scores == dict.fromkeys(("count-test", "scale-test", "total-test", "loud-test"), 5)


def test_an_answer_in_a_cell_that_became_text_keeps_its_points(words):
    made = notebook(WORDS)
    made.cells[2].cell_type = "markdown"
    result, _ = grade(words, read(json.dumps(made).encode()), "zoe", available(), LIMITS)
    assert result.scores == dict.fromkeys(("count-test", "scale-test", "total-test", "loud-test"), 5)


def test_a_test_without_its_name_is_known_by_its_text_and_shown_once(words):
    made = notebook(WORDS)
    made.cells[3].metadata = {}
    submitted = Submitted("zoe", "", json.dumps(made).encode())
    done = grade_one(Work(words, LIMITS), submitted, available())
    assert done.result.score == 20
    assert [cell["id"] for cell in json.loads(done.notebook)["cells"]].count("count-test") == 1
    assert len(json.loads(done.notebook)["cells"]) == len(WORDS) + 1  # and the state on top


def test_a_test_that_ends_the_process_is_not_run_again(words):
    deadly = ("count-exercise", "import os\n\ndef count(text):\n    os._exit(1)")
    submission = read(json.dumps(notebook([*WORDS[:2], deadly, *WORDS[3:]])).encode())
    process = StudentProcess(lambda: available().start(words.helpers, LIMITS), [], [*words.wanted], LIMITS)
    with surroundings(words), process as student:
        walk(words, submission, student)
        assert len(student.died) == 1


def test_what_ran_too_long_is_told_before_what_crashed(words):
    made = notebook([*WORDS[:2], ("count-exercise", "def count(text):\n    while True:\n        pass"), *WORDS[3:]])
    made.cells.insert(1, nbformat.v4.new_code_cell("import os\nos._exit(1)"))
    result, _ = grade(words, read(json.dumps(made).encode()), "zoe", available(), replace(LIMITS, call=1))
    assert result.status == "timed_out" and "code ran for more than 1 s and was stopped" in result.message


RIGHT_WORDS = Submitted("zoe", "", json.dumps(notebook(WORDS)).encode())


def test_the_trouble_of_a_machine_is_no_grade(words):
    class Broken:
        def start(self, *arguments):
            raise OSError("too many open files")

    with pytest.raises(OSError, match="too many open files"):
        grade_one(Work(words, LIMITS), RIGHT_WORDS, Broken())


def test_a_defect_of_the_grader_does_not_stop_the_class(words, monkeypatch):
    def defective(*arguments):
        raise KeyError("ours")

    monkeypatch.setattr(room, "grade", defective)
    result = grade_one(Work(words, LIMITS), RIGHT_WORDS, available()).result
    assert (result.status, result.score) == ("crashed", 0)
    assert "The grader itself failed on it (KeyError: 'ours'). Report this, and grade it by hand." in result.message


def test_what_can_not_be_shown_keeps_its_grade(words, monkeypatch):
    made = room.page

    def defective(master, submission, result, outputs):
        if submission is not None:
            raise ValueError("this can't be shown")
        return made(master, submission, result, outputs)

    monkeypatch.setattr(room, "page", defective)
    done = grade_one(Work(words, LIMITS), RIGHT_WORDS, available())
    assert done.result.score == 20 and "graded: the checks gave 20 of 20 points" in done.notebook


def test_a_test_that_seeds_leaves_the_graders_own_functions_as_they_were(words):
    before = random.seed, np.random.seed
    graded(words, WORDS)
    assert (random.seed, np.random.seed) == before


def test_many_deaths_are_bounded(words):
    made = notebook(WORDS)
    made.cells[1:1] = [nbformat.v4.new_code_cell("import os\nos._exit(1)") for _ in range(500)]
    started = time.monotonic()
    result, _ = grade(words, read(json.dumps(made).encode()), "zoe", available(), LIMITS)
    assert (result.status, result.score) == ("crashed", 0) and "15 times" in result.message
    assert time.monotonic() - started < 60  # of a class, not of an hour: 500 deaths would take ten times as long


def test_every_hidden_region_is_hidden():
    source = "a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc\n# BEGIN HIDDEN TESTS\nd\n  # END HIDDEN TESTS\ne"
    assert visible(source) == "a\nc\ne"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 6, 10**400])
def test_a_number_that_is_no_score_is_no_credit(value):
    earned, message = points(value, 5.0)
    assert earned == 0 and "0 to 5" in message


@pytest.mark.parametrize(("value", "earned"), [(None, 5), (5, 5), (2.5, 2.5), (0, 0), (True, 5), ("text", 5), ([], 5)])
def test_a_last_line_is_a_score_only_where_it_is_a_number(value, earned):
    assert points(value, 5.0)[0] == earned


def test_given_statements_are_found_with_the_names_that_they_bind():
    source = "%matplotlib inline\nimport os.path, json as j\nfrom a import b as c, d\nx, (y, *z) = 1, (2, 3)\nprint(q := 5)\nfor i in range(3):\n    k = i\n[w for w in x]\ndef f(u):\n    v = u\n"
    assert [statement.names for statement in statements(source)] == [
        ("os", "j"),
        ("c", "d"),
        ("x", "y", "z"),
        ("q",),
        ("i", "k"),
        ("f",),
    ]


# --------------------------------------------------------------- this assignment


def test_reference_earns_all_and_release_nothing(master):
    for folder, score in (("source", 30), ("release", 0)):
        data = (ROOT / folder / "initialization" / "initialization.ipynb").read_bytes()
        result, _ = grade(master, read(data), "zoe", available(), LIMITS)
        assert (result.status, result.score, result.max_score) == ("graded", score, 30)


def test_training_is_not_run(master, source):
    """The given training cells take seconds, and no test needs them. Here they would end the process that runs them."""
    made = nbformat.from_dict(source)
    training = [cell for cell in made.cells if cell.id.endswith("-train")]
    assert len(training) == 3
    for cell in training:
        cell.source = "import os\nos._exit(3)"
    data = json.dumps(made).encode()
    result, _ = grade(replace(master, notebook=data), read(data), "zoe", available(), LIMITS)
    assert (result.status, result.score) == ("graded", 30)


@pytest.fixture(scope="module")
def typed(released):
    """Grade the release with one exercise's answer typed in."""

    def of(master, answer):
        made = nbformat.from_dict(released)
        cells_by_id(made)[f"{answer.exercise}-exercise"].source = answer.source
        return grade(master, read(json.dumps(made).encode()), "zoe", available(), LIMITS)[0]

    return of


@pytest.mark.parametrize("answer", RIGHT, ids=lambda answer: answer.id)
def test_right_answers_keep_their_points(master, typed, answer):
    result = typed(master, answer)
    assert result.scores == dict.fromkeys(("zeros-test", "random-test", "he-test"), 0.0) | {
        f"{answer.exercise}-test": 10.0
    }, result.message


@pytest.mark.parametrize("answer", WRONG[::7], ids=lambda answer: answer.id)
def test_wrong_answers_get_no_points(master, typed, answer):
    result = typed(master, answer)
    assert result.score == 0
    assert result.status == ("timed_out" if "never ends" in answer.name else "graded"), result.message
