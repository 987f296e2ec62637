"""notebook_run.py: in what order cells and tests are run, what the course gives along, and what ends a run early."""

import json
import time
from dataclasses import replace

import assignments
import nbformat
import pytest
from assignments import LIMITS, SHOP, WORDS, bytes_of, graded, master_of, notebook, result_of

from grading.grade import grade_one
from grading.master_cells import DEFERRED_TAG
from grading.notebook_run import NotebookRun
from grading.released import released_environment
from grading.result import Submitted
from grading.sandbox import find_sandbox
from grading.student import StudentProcess
from grading.submission import read_notebook
from grading.together import find_together
from grading.work import Work

words = assignments.words  # a fixture


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
    done = grade_one(Work(words, LIMITS), submitted, find_sandbox())
    assert done.result.score == 20
    assert [cell["id"] for cell in json.loads(done.notebooks["words"])["cells"]].count("count-test") == 1
    assert len(json.loads(done.notebooks["words"])["cells"]) == len(WORDS) + 1  # and the state on top


def test_a_test_that_ends_the_process_is_not_run_again(words):
    deadly = ("count-exercise", "import os\n\ndef count(text):\n    os._exit(1)")
    submission = read_notebook(json.dumps(notebook([*WORDS[:2], deadly, *WORDS[3:]])).encode())
    master = words.notebooks["words"]
    process = StudentProcess(lambda: find_sandbox().start(LIMITS), SHOP, [*master.wanted], LIMITS)
    with released_environment(SHOP), process as student:
        NotebookRun(master, submission, student, frozenset()).run()
        assert len(student.died) == 1


def test_what_ran_too_long_is_told_before_what_crashed(words):
    made = notebook([*WORDS[:2], ("count-exercise", "def count(text):\n    while True:\n        pass"), *WORDS[3:]])
    made.cells.insert(1, nbformat.v4.new_code_cell("import os\nos._exit(1)"))
    result = result_of(words, made, replace(LIMITS, call=1))
    assert result.status == "timed_out"
    assert "a call ran for more than 1 s, and was stopped: look for a loop that never ends" in result.message


def test_many_deaths_are_bounded(words):
    made = notebook(WORDS)
    made.cells[1:1] = [nbformat.v4.new_code_cell("import os\nos._exit(1)") for _ in range(500)]
    started = time.monotonic()
    result = result_of(words, made)
    assert (result.status, result.score) == ("crashed", 0) and "15 times" in result.message
    assert time.monotonic() - started < 60  # of a class, not of an hour: 500 deaths would take ten times as long


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
    assert find_together(Work(master, LIMITS), find_sandbox()) == frozenset()


SLOW = [
    ("data", "import json\ntable = json.loads('[3]')\nopen('ran', 'w').close()"),
    ("train", "import os\nmodel = 1\nos._exit(3)"),
    ("it-exercise", "def it():\n    return table * 2"),
    ("it-test", "assert it() == [3, 3]\nassert table == [3]"),
    ("early-exercise", "import os\nran = os.path.exists('ran')"),
    ("early-test", "assert ran is False or ran is True"),
]


def test_a_cell_that_skips_grading_is_run_only_where_it_is_asked_for():
    master = master_of("slow", SLOW, defer=["data", "train"])
    made = notebook(SLOW, defer=["data", "train"])
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
    tagged = master_of("slow", cells, defer=["data"])
    assert graded(tagged, cells, early_exercise="import os\nran = os.path.exists('ran') or None").score == 0


def test_a_tag_of_the_students_puts_nothing_off(words):
    made = notebook(WORDS, defer=[name for name, _ in WORDS])
    made.cells.append(nbformat.v4.new_code_cell("LIMIT = 8", metadata={"tags": [DEFERRED_TAG]}))
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
