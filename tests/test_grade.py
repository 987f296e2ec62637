"""grade.py and checks.py: whole submissions, of this assignment and of one that has nothing to do with it."""

import contextlib
import json
import random
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import numpy as np
import psutil
import pytest
from answers import RIGHT, WRONG
from called import defective
from conftest import ROOT, cells_by_id

from grading.alone import Alone
from grading.checks import Bench, points, surroundings
from grading.grade import Processes, Work, end_processes, find_together, grade_one, processes, walk
from grading.master import PUT_OFF, Master, MasterCell, visible
from grading.result import Submitted
from grading.sandbox import Limits, NoSandbox, available
from grading.student import StudentProcess
from grading.submission import read

LIMITS = Limits(cell=3, call=2, total=30)
SOURCE = ROOT / "source" / "initialization"


@pytest.fixture(scope="module")
def master():
    return Master(
        "initialization",
        {"initialization": (SOURCE / "initialization.ipynb").read_bytes()},
        {path.name: path.read_bytes() for path in SOURCE.glob("*.py")},
    )


def notebook(cells, put_off=()):
    """A notebook from (grade id, source) pairs, with nbgrader's metadata by the ending of the id."""
    made = nbformat.v4.new_notebook()
    for name, source in cells:
        cell = nbformat.v4.new_code_cell(source, id=name)
        cell.metadata.tags = [PUT_OFF] if name in put_off else []
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


def master_of(name, cells, files={}, put_off=(), released=()):
    """An assignment of one notebook; what students get of it, where cells say so."""
    built = {name: bytes_of(notebook(released, put_off))} if released else {}
    return Master(name, {name: bytes_of(notebook(cells, put_off))}, files, built)


def bytes_of(made):
    return json.dumps(made).encode()


@pytest.fixture(scope="module")
def words():
    return master_of("words", WORDS, SHOP)


def result_of(master, made, limits=LIMITS, together=(), files={}):
    """What comes of a notebook that was handed in, or of its bytes."""
    (name,) = master.authored
    data = made if isinstance(made, bytes) else bytes_of(made)
    submitted = Submitted("zoe", "", {name: data}, {}, files)
    return grade_one(Work(master, limits, together=frozenset(together)), submitted, available()).result


def graded(master, cells, together=(), **changes):
    made = notebook([(name, changes.get(name.replace("-", "_"), source)) for name, source in cells])
    return result_of(master, made, together=together)


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
            {"loud_exercise": "nowhere()\ndef loud(names):\n    return [shout(name) for name in names]"},
            [5, 5, 5, 0],
            "its cell can't be run: NameError: name 'nowhere' is not defined",
        ),
        (  # what stands below an import that fails is there
            {"total_exercise": "import nowhere\ndef total(basket):\n    return nowhere.total(basket)"},
            [5, 5, 0, 5],
            "NameError: name 'nowhere' is not defined",
        ),
        (
            {"loud_exercise": "import nowhere\ndef loud(names):\n    return [shout(name) for name in names]"},
            [5, 5, 5, 5],
            "All checks passed.",
        ),
        (
            {"imports": "import nowhere", "loud_exercise": "def loud(names):\n    return names"},
            [5, 5, 5, 0],
            "AssertionError",
        ),
    ],
)
def test_what_is_wrong_costs_its_own_points(words, changes, scores, words_of_the_message):
    result = graded(words, WORDS, **changes)
    assert list(result.scores.values()) == pytest.approx(scores)
    assert result.status == "graded" and words_of_the_message in result.message


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
        result = graded(master_of("kernel", cells), cells)
        assert (result.score, result.message) == (5, "All checks passed.")


def test_what_can_not_be_passed_is_passed_where_the_test_runs_together():
    cells = [("it-exercise", "def apply(f, x):\n    return f(x)"), ("it-test", "assert apply(lambda x: x, 1) == 1")]
    master = master_of("kernel", cells)
    split = graded(master, cells)
    assert split.scores == {"it-test": 0}
    assert "the test passes something of type function, and only plain data can be passed" in split.message
    together = find_together(Work(master, LIMITS), available())
    assert together == {"it-test"}
    assert graded(master, cells, together).scores == {"it-test": 5}
    wrong = graded(master, cells, together, it_exercise="def apply(f, x):\n    return f")
    assert wrong.scores == {"it-test": 0}
    assert wrong.messages == {"it-test": "AssertionError: assert apply(lambda x: x, 1) == 1"}


@pytest.mark.parametrize("together", [frozenset(), frozenset({"it-test"})], ids=["split", "together"])
def test_a_check_without_a_message_names_its_line_unless_it_is_hidden(together):
    hidden = "\n### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS"
    cells = [("it-exercise", "def f(x):\n    return x * x"), ("it-test", "assert f(1) == 1" + hidden)]
    for answer, message in (("0", "AssertionError: assert f(1) == 1"), ("x", "AssertionError")):
        wrong = graded(master_of("kernel", cells), cells, together, it_exercise=f"def f(x):\n    return {answer}")
        assert wrong.messages == {"it-test": message}


def test_a_name_that_was_set_to_none_is_set():
    cells = [
        ("it-exercise", "answer = 3"),
        ("it-test", "assert answer in (3, None)\nassert answer is not None, 'no answer'"),
    ]
    result = graded(master_of("kernel", cells), cells, it_exercise="answer = None")
    assert result.messages == {"it-test": "no answer"}


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
    result = result_of(words, made)
    assert result.scores == dict.fromkeys(("count-test", "scale-test", "total-test", "loud-test"), 5)


def test_a_test_without_its_name_is_known_by_its_text_and_shown_once(words):
    made = notebook(WORDS)
    made.cells[3].metadata = {}
    submitted = Submitted("zoe", "", {"words": bytes_of(made)})
    done = grade_one(Work(words, LIMITS), submitted, available())
    assert done.result.score == 20
    assert [cell["id"] for cell in json.loads(done.notebooks["words"])["cells"]].count("count-test") == 1
    assert len(json.loads(done.notebooks["words"])["cells"]) == len(WORDS) + 1  # and the state on top


def test_a_test_that_ends_the_process_is_not_run_again(words):
    deadly = ("count-exercise", "import os\n\ndef count(text):\n    os._exit(1)")
    submission = read(json.dumps(notebook([*WORDS[:2], deadly, *WORDS[3:]])).encode())
    master = words.notebooks["words"]
    process = StudentProcess(lambda: available().start(LIMITS), SHOP, [*master.wanted], LIMITS)
    with surroundings(SHOP), process as student:
        walk(master, submission, student, frozenset())
        assert len(student.died) == 1


def test_what_ran_too_long_is_told_before_what_crashed(words):
    made = notebook([*WORDS[:2], ("count-exercise", "def count(text):\n    while True:\n        pass"), *WORDS[3:]])
    made.cells.insert(1, nbformat.v4.new_code_cell("import os\nos._exit(1)"))
    result = result_of(words, made, replace(LIMITS, call=1))
    assert result.status == "timed_out"
    assert "a call ran for more than 1 s, and was stopped: look for a loop that never ends" in result.message


RIGHT_WORDS = Submitted("zoe", "", {"words": bytes_of(notebook(WORDS))})


def test_the_trouble_of_a_machine_is_no_grade(words):
    class Broken:
        def start(self, *arguments):
            raise OSError("too many open files")

    with pytest.raises(NoSandbox, match="could not be started: too many open files. Nothing was graded"):
        grade_one(Work(words, LIMITS), RIGHT_WORDS, Broken())


def test_a_defect_of_the_grader_is_a_state_and_no_score(words):
    processes = Processes(Work(words, LIMITS))
    processes.alone = Alone(defective)
    with contextlib.closing(processes.alone):
        done = processes.grade(RIGHT_WORDS, frozenset())
    assert (done.result.status, done.result.scores) == ("failed", dict.fromkeys(words.points))
    assert "The grader could not finish it: KeyError: 'a defect'. Grade it by hand" in done.result.message
    shown = json.loads(done.notebooks["words"])["cells"]
    assert {f"{name}-test" for name in ("count", "scale", "total", "loud")} <= {cell["id"] for cell in shown}


def test_who_grades_for_one_class_goes_on_when_another_one_begins(words):
    first = processes(Work(words, LIMITS))
    assert first is processes(Work(words, LIMITS, together=frozenset({"count-test"})))
    assert first.grade(RIGHT_WORDS, frozenset()).result.score == 20
    warm = psutil.Process(first.alone.warm.process.pid)
    second = processes(Work(words, replace(LIMITS, call=1)))
    assert second is not first and first.grade(RIGHT_WORDS, frozenset()).result.score == 20
    assert warm.is_running()
    del first
    assert not warm.is_running()
    end_processes()


def test_assignments_with_the_same_cells_are_not_taken_for_each_other(words):
    renamed = replace(words, name="again", authored={"letters": words.authored["words"]})
    for master in (words, renamed):
        result = processes(Work(master, LIMITS)).grade(RIGHT_WORDS, frozenset()).result
        assert (result.assignment, [*result.notes]) == (master.name, [*master.authored])
    end_processes()


def test_a_test_that_seeds_leaves_the_graders_own_functions_as_they_were(words):
    before = random.seed, np.random.seed
    graded(words, WORDS)
    assert (random.seed, np.random.seed) == before


def test_many_deaths_are_bounded(words):
    made = notebook(WORDS)
    made.cells[1:1] = [nbformat.v4.new_code_cell("import os\nos._exit(1)") for _ in range(500)]
    started = time.monotonic()
    result = result_of(words, made)
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


def test_the_names_that_a_cell_sets_are_found_with_what_it_imports():
    source = "%matplotlib inline\nimport os.path, json as j\nfrom a import b as c, d\nx, (y, *z) = 1, (2, 3)\nprint(q := 5)\nfor i in range(3):\n    k = i\n[w for w in x]\nfiles = !ls\ndef f(u):\n    v = u\nclass A:\n    m = 1\n"
    cell = MasterCell("code", source, {})
    names = dict.fromkeys(["os", "j", "c", "d", "x", "y", "z", "q", "i", "k", "files"], False) | {"f": True, "A": True}
    assert cell.names == names
    assert cell.imports == {
        "os": "import os.path",
        "j": "import json as j",
        "c": "from a import b as c",
        "d": "from a import d",
    }
    assert "import" not in cell.less_imports and "x, (y, *z) = (1, (2, 3))" in cell.less_imports


# -------------------------------------------------------- what the course gives along


def test_a_given_cell_that_is_gone_or_changed_is_there_all_the_same(words):
    gone = [cell for cell in WORDS if cell[0] not in ("imports", "given")]
    assert result_of(words, notebook(gone)).score == 20
    assert graded(words, WORDS, given="def shout(text):\n    return text", imports="pass").score == 20


def test_given_cells_run_in_order_and_whole(words):
    cells = [
        ("first", "values = [1]"),
        ("second", "values.append(2)\nfor n in range(3):\n    values.append(n)"),
        ("it-exercise", "def it():\n    return list(values)"),
        ("it-test", "assert it() == [1, 2, 0, 1, 2], it()\nassert values == it()"),
        ("third", "values.clear()"),
        ("now-exercise", "def now():\n    return list(values)"),
        ("now-test", "assert now() == values == []"),
    ]
    master = master_of("order", cells)
    assert graded(master, cells).scores == {"it-test": 5, "now-test": 5}
    assert find_together(Work(master, LIMITS), available()) == frozenset()


SLOW = [
    ("data", "import json\ntable = json.loads('[3]')\nopen('ran', 'w').close()"),
    ("train", "import os\nmodel = 1\nos._exit(3)"),
    ("it-exercise", "def it():\n    return table * 2"),
    ("it-test", "assert it() == [3, 3]\nassert table == [3]"),
    ("early-exercise", "import os\nran = os.path.exists('ran')"),
    ("early-test", "assert ran is False or ran is True"),
]


def test_a_cell_that_skips_grading_is_run_only_where_it_is_asked_for():
    master = master_of("slow", SLOW, put_off=["data", "train"])
    made = notebook(SLOW, put_off=["data", "train"])
    result = result_of(master, made)
    assert (result.status, result.scores) == ("graded", {"it-test": 5, "early-test": 5})
    for cell in made.cells:  # the course says what is put off, and not the student
        cell.metadata.tags = []
    assert result_of(master, made).scores == {"it-test": 5, "early-test": 5}
    made.cells[4].source = "early = model\nran = True"
    assert result_of(master, made).status == "crashed"
    cells = [SLOW[0], *SLOW[4:]]
    assert (
        graded(master_of("quick", cells), cells, early_exercise="import os\nran = os.path.exists('ran') or None").score
        == 5
    )
    tagged = master_of("slow", cells, put_off=["data"])
    assert graded(tagged, cells, early_exercise="import os\nran = os.path.exists('ran') or None").score == 0


def test_a_tag_of_the_students_puts_nothing_off(words):
    made = notebook(WORDS, put_off=[name for name, _ in WORDS])
    made.cells.append(nbformat.v4.new_code_cell("LIMIT = 8", metadata={"tags": [PUT_OFF]}))
    assert result_of(words, made).scores["scale-test"] == 5  # as it stands below its test
    made.cells.insert(5, made.cells.pop())
    assert result_of(words, made).scores["scale-test"] == 0


def test_files_beside_a_notebook_are_there_and_those_of_the_course_go_before(words):
    mine = ("count-exercise", "from mine import count")
    made = notebook([*WORDS[:2], mine, *WORDS[3:]])
    files = {"mine.py": b"def count(text):\n    return {word: text.split().count(word) for word in text.split()}"}
    assert result_of(words, made, files=files).score == 20
    assert result_of(words, made, files=files | {"shop.py": b"PRICES = {}"}).score == 20
    assert result_of(words, made).scores["count-test"] == 0


def test_what_a_student_writes_over_is_his_own_copy(words):
    spoiled = "open('shop.py', 'w').write('PRICES = {}')\nPRICES.clear()\ndef total(basket):\n    return 0"
    assert graded(words, WORDS, total_exercise=spoiled).scores["total-test"] == pytest.approx(5 / 3)
    assert graded(words, WORDS).score == 20 and words.files == SHOP


def bench_of(cells, put_off=()):
    """A bench, and a log of what is asked of the student."""
    master = master_of("bench", cells, put_off=put_off).notebooks["bench"]
    asked = []
    student = SimpleNamespace(
        about=lambda name: asked.append(name) or (1, False), value=lambda name: f"the student's {name}"
    )
    return master, Bench(master, student), asked


def test_a_bench_runs_what_is_given_in_order_and_up_to_a_test():
    master, bench, asked = bench_of(
        [
            ("one", "x = 1\nseen = [x]"),
            ("a-exercise", "answer = 0\nx = 5"),
            ("two", "seen.append(2)\n1 / 0\nseen.append(3)"),
            ("a-test", ""),
            ("three", "x = 7\nseen.append(4)"),
            ("b-test", ""),
            ("four", "seen.append(5)"),
        ]
    )
    first, second = master.tests
    bench.come_to(first)
    assert bench["seen"] == [1, 2] and "answer" not in [*bench]
    assert (bench["x"], bench["answer"]) == ("the student's x", "the student's answer") and asked == ["x", "answer"]
    bench.come_to(first)
    assert bench["seen"] == [1, 2]  # once
    bench.come_to(second)
    assert (bench["x"], bench["seen"]) == (7, [1, 2, 4])
    bench.come_to(first)
    assert bench["seen"] == [1, 2, 4]  # a second look at a test runs nothing that stands below it
    with pytest.raises(KeyError):
        bench["nothing of it"]


def test_a_bench_imports_what_is_asked_for(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / f"lazily_{name}.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = lambda: [name for name in "abc" if f"lazily_{name}" in sys.modules]  # noqa: E731
    master, bench, _ = bench_of(
        [
            ("one", "import lazily_a, lazily_b as b\nfrom lazily_c import VALUE as c\nx = 1"),
            ("two", "y = [lazily_a.VALUE]"),
            ("z", "z = c"),
            ("a-test", ""),
        ],
        put_off=["z"],
    )
    bench.come_to(master.tests[0])
    assert loaded() == ["a"] and bench["y"] == [7]
    assert eval("b.VALUE + x", bench) == 8 and loaded() == ["a", "b"]
    assert bench["z"] == 7 and loaded() == ["a", "b", "c"]


# ------------------------------------------------------------------ split, or together

SPLIT = [
    ("given", "LIMIT = 3"),
    ("double-exercise", "def double(x):\n    return 2 * x"),
    ("double-test", "assert double(2) == 4"),
]
UNSPLIT = [
    ("apply-exercise", "def apply(f, x):\n    return f(x)"),
    ("apply-test", "assert apply(lambda x: x + 1, LIMIT) == 4"),
]
SHAPE = [
    ("shape-exercise", "class Square:\n    def __init__(self, side):\n        self.side = side"),
    ("shape-test", "class Cube(Square):\n    pass\nassert Cube(3).side == 3"),
]
HALF = [
    ("half-exercise", "def half(x):\n    return x / 2"),
    ("half-test", "rest = [half(n) for n in (2, 4)]\nassert rest == [1, 2]\n2.5"),
]


def untouched_of(cells):
    """The release: every answer is a stub."""
    stub = "raise NotImplementedError()"
    return [(name, stub if name.endswith("-exercise") else source) for name, source in cells]


def found_in(cells):
    return find_together(Work(master_of("found", cells, released=untouched_of(cells)), LIMITS), available())


def test_only_tests_that_can_not_be_split_run_together():
    assert found_in(SPLIT) == frozenset()
    assert found_in([*SPLIT, *UNSPLIT, *SHAPE]) == {"apply-test", "shape-test"}
    assert found_in([("given", "x = 1"), ("it-test", "assert x == 1")]) == frozenset()
    assert found_in([("given", "x = 1")]) == frozenset()


def test_points_below_all_of_them_can_not_tell_whether_a_test_is_split():
    assert found_in([*SPLIT, *HALF]) == {"half-test"}


def test_what_one_test_leaves_for_the_next_has_them_run_together():
    leaves = [*SPLIT[:2], ("double-test", "wanted = [1, 2]\nassert double(2) == 4")]
    needs = [UNSPLIT[0], ("apply-test", "assert apply(lambda x: x, wanted) == wanted")]
    assert found_in([*leaves, *needs]) == {"double-test", "apply-test"}
    alone = [UNSPLIT[0], ("apply-test", "wanted = [1]\nassert apply(lambda x: x, wanted) == wanted")]
    assert found_in([*leaves, *alone]) == {"apply-test"}


def test_a_test_whose_calls_barely_have_the_time_runs_together():
    cells = [
        ("slow-exercise", f"import time\ndef slow():\n    time.sleep({0.8 * LIMITS.call})\n    return 1"),
        ("slow-test", "assert slow() == 1"),
    ]
    assert found_in([*SPLIT, *cells]) == {"slow-test"}
    assert graded(master_of("slow", cells), cells, {"slow-test"}).scores == {"slow-test": 5}


def test_a_test_that_an_untouched_release_passes_in_one_way_alone_runs_together():
    """What stands for a function in a split test is there even where the student wrote none."""
    cells = [("odd-exercise", "def odd(x):\n    return x % 2"), ("odd-test", "assert callable(odd)")]
    assert found_in(cells) == {"odd-test"}
    assert find_together(Work(master_of("odd", cells), LIMITS), available()) == frozenset()  # no release says so


def test_tests_that_run_together_and_others_give_their_own_points(words):
    cells = [*SPLIT, *UNSPLIT, *SHAPE]
    master = master_of("mixed", cells)
    together = ["apply-test", "shape-test"]
    assert graded(master, cells, together).scores == {"double-test": 5, "apply-test": 5, "shape-test": 5}
    wrong = graded(
        master, cells, together, double_exercise="def double(x):\n    return x", shape_exercise="Square = dict"
    )
    assert wrong.scores == {"double-test": 0, "apply-test": 5, "shape-test": 0}
    ended = graded(master, cells, together, apply_exercise="import os\ndef apply(f, x):\n    os._exit(1)")
    assert (ended.status, ended.scores) == ("crashed", {"double-test": 5, "apply-test": 0, "shape-test": 5})
    slow = replace(LIMITS, test=0.5)
    made = notebook(
        [(name, "def apply(f, x):\n    while True: pass" if name == "apply-exercise" else text) for name, text in cells]
    )
    late = result_of(master, made, slow, together)
    assert (late.status, late.scores) == ("timed_out", {"double-test": 5, "apply-test": 0, "shape-test": 5})
    assert late.messages["apply-test"] == "TimeoutError: the calls of one test took more than 0.5 s"


def test_cells_that_take_all_their_time_cost_no_test_its_own(words):
    made = notebook(WORDS)
    made.cells.insert(0, nbformat.v4.new_code_cell("while True:\n    pass"))
    result = result_of(words, made, replace(LIMITS, cell=0.5, total=0.5))
    assert (result.status, result.score) == ("timed_out", 20)
    assert "the cells together took more than 0.5 s: of the rest only what it defines was run" in result.message


# --------------------------------------------------------------------- several notebooks


def test_each_notebook_of_an_assignment_has_its_own_grades():
    first = [("it-exercise", "def it():\n    return 1"), ("it-test", "assert it() == 1")]
    second = [("it-exercise", "def it():\n    return 2"), ("it-test", "assert it() == 2"), *SPLIT[1:]]
    master = Master("two", {"a": bytes_of(notebook(first)), "b": bytes_of(notebook(second))})
    work = Work(master, LIMITS)

    def handed_in(**notebooks):
        missing = {name: f"Expected {name}.ipynb." for name in master.authored if name not in notebooks}
        return grade_one(work, Submitted("zoe", "", notebooks, missing), available())

    done = handed_in(a=bytes_of(notebook(first)), b=bytes_of(notebook(second)))
    assert done.result.scores == {"a/it-test": 5, "b/it-test": 5, "double-test": 5}
    assert (done.result.status, done.result.message) == ("graded", "All checks passed.")
    assert [*done.notebooks] == ["a", "b"]
    swapped = handed_in(a=bytes_of(notebook(second)), b=bytes_of(notebook(first))).result
    assert swapped.scores == {"a/it-test": 0, "b/it-test": 0, "double-test": 0}
    alone = handed_in(a=bytes_of(notebook(first))).result
    assert (alone.status, alone.scores) == ("graded", {"a/it-test": 5, "b/it-test": 0, "double-test": 0})
    assert "b: Expected b.ipynb." in alone.message
    assert handed_in().result.status == "missing"
    broken = handed_in(a=b"{", b=bytes_of(notebook(second))).result
    assert (broken.status, broken.score) == ("malformed", 10) and "a: It can't be read" in broken.message


# --------------------------------------------------------------- this assignment


def test_reference_earns_all_and_release_nothing(master):
    for folder, score in (("source", 30), ("release", 0)):
        data = (ROOT / folder / "initialization" / "initialization.ipynb").read_bytes()
        result = result_of(master, data)
        assert (result.status, result.score, result.max_score) == ("graded", score, 30)


def test_training_is_not_run(master, source):
    """The given training cells take seconds, and no test needs them. Here they would end the process that runs them."""
    made = nbformat.from_dict(source)
    training = [cell for cell in made.cells if cell.id.endswith("-train")]
    assert len(training) == 3 and all(PUT_OFF in cell.metadata.tags for cell in training)
    for cell in training:
        cell.source = "import os\nos._exit(3)"
    result = result_of(replace(master, authored={"initialization": bytes_of(made)}), made)
    assert (result.status, result.score) == ("graded", 30)


@pytest.fixture(scope="module")
def typed(released):
    """Grade the release with one exercise's answer typed in."""

    def of(master, answer):
        made = nbformat.from_dict(released)
        cells_by_id(made)[f"{answer.exercise}-exercise"].source = answer.source
        return result_of(master, made)

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


FORGED = {
    "every comparison is true": """
class Right:
    __eq__ = lambda self, other: True
    __bool__ = lambda self: True
def double(x):
    return Right()
def apply(f, x):
    return Right()""",
    "asserts are taken out": """
import ast
class Kind(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Kind())
def double(x):
    return 0
def apply(f, x):
    return 0""",
    "cells are replaced before they are run": """
get_ipython().transform_cell = lambda cell: "pass\\n"
def double(x):
    return 0
apply = None""",
    "the worker says that all went well": """
worker = type(get_ipython()).transform_cell.__globals__
worker["Notebook"].test = lambda self, header, body: {"value": None}
worker["Notebook"].call = worker["Notebook"].test
def double(x):
    return 0
def apply(f, x):
    return 0""",
}


@pytest.mark.parametrize("answer", FORGED.values(), ids=FORGED)
def test_what_forges_a_test_that_runs_together_earns_nothing_of_a_split_one(answer):
    cells = [*SPLIT, *UNSPLIT]
    together = found_in(cells)
    assert together == {"apply-test"}
    forged = graded(master_of("found", cells), cells, together, double_exercise=answer, apply_exercise="")
    assert forged.scores == {"double-test": 0.0, "apply-test": 5.0}, forged.message
