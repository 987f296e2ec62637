"""worker.py: a student's cells run as they do in Jupyter, and an error is told in one line; both ends are in nobody's way."""

import ast
import json
import os
import pdb
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest
import workers
from workers import after

from grading.launch import INSIDE
from grading.pipe import StudentDied
from grading.protocol import WORKER_ROOMS
from grading.sandbox import Limits, Unconfined, WarmBubblewrap
from grading.student import StudentProcess

box, student = workers.box, workers.student  # fixtures


# ------------------------------------------------------------- what a cell is read from


def test_what_stands_below_an_import_that_fails_is_kept(student):
    cell = "x = 1\nimport no_such_package\ndef f():\n    return x\ny = f()"
    for source in (cell, f"%%time\n{cell}", f"%%capture\n{cell}", f"%matplotlib inline\n{cell}"):
        error = student.run(source)
        assert type(error).__name__ == "ModuleNotFoundError" and "no_such_package" in str(error)
        assert student.call("f") == 1
        assert after(student, "g = y\ndel f, y, x") == 1
    assert "no_such_name" in str(student.run("from math import no_such_name\ng = 5"))
    assert student.value("g") == 5


def test_what_stands_below_another_error_is_not_run(student):
    student.run("g = 1\n1 / 0\ng = 2")
    assert student.value("g") == 1


@pytest.mark.parametrize(
    "cell",
    [
        "\ufeffdef f(): return 1",
        "def f():\n\u00a0\u00a0return\u200b 1",
        "def f():\r\n    return 1\r\n",
        "def f():\u2028    return 1",
        "\0def f(): return 1",
        "def f():\n    return\u2060 1",
        ">>> def f():\n...     return 1\n",
        "In [3]: def f():\n   ...:     return 1",
        "    def f():\n        return 1",
        "\tdef f():\n\t\treturn 1",
        "\n\n  \n%%time\ndef f(): return 1",
        "# a comment\n%%time\ndef f(): return 1",
    ],
)
def test_what_was_copied_along_with_an_answer_is_passed_over(student, cell):
    student.run(cell)
    if not cell.startswith("# a comment"):  # in Jupyter it is an error as well
        assert student.call("f") == 1


def test_signs_that_are_part_of_a_text_stay(student):
    assert after(student, "g = 'a\u200bb\u00a0c'") == "a\u200bb\u00a0c"


def test_a_cell_that_was_cut_in_two_is_put_together(student):
    student.run("def f(x):\n    y = x + 1")
    student.run("    y = 2 * y\n    return y")
    assert student.call("f", 1) == 4
    student.run("def f(x):\n    for n in range(3):")
    student.run("        x += n\n    return x")
    assert student.call("f", 1) == 4
    student.run("f = [")
    student.run("    1, 2]")
    assert student.value("f") == [1, 2]


# ---------------------------------------------------------- what was wrong, in one line


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            ["sum = 0", "def f():\n    return sum([1])"],
            "sum is no longer Python's own, one of the notebook's cells has set it to 0",
        ),
        (
            ["list = [1]", "def f():\n    return list('ab')"],
            "list is no longer Python's own, one of the notebook's cells has set it to [1]",
        ),
        (["str = 'a'", "def f():\n    return str(1)"], "str is no longer Python's own"),
    ],
)
def test_a_name_of_pythons_own_that_was_set_is_named(student, cells, words):
    for cell in cells:
        student.run(cell)
    with pytest.raises(TypeError) as caught:
        student.call("f")
    assert words in str(caught.value)


def test_an_error_without_such_a_name_says_no_more(student):
    student.run("sum = 0\ndef f():\n    return [1] + 2")
    with pytest.raises(TypeError) as caught:
        student.call("f")
    assert "Python's own" not in str(caught.value)


@pytest.fixture
def asked_for(box):
    limits = Limits()
    with StudentProcess(lambda: box.start(limits), {}, ["average_of", "g"], limits) as process:
        yield process


@pytest.mark.parametrize("name", ["averge_of", "average_off", "Average_of", "averageof"])
def test_a_name_that_is_nearly_the_one_that_is_asked_for_is_named(asked_for, name):
    asked_for.run(f"def {name}(x):\n    return x\nimport json")
    with pytest.raises(NameError, match=f"'average_of' is not defined.*there is a {name}, did you mean that name"):
        asked_for.call("average_of", 1)


def test_a_name_that_is_another_one_is_not_named(asked_for):
    asked_for.run("def double(x):\n    return x\naverage_off = 3")
    with pytest.raises(NameError) as caught:
        asked_for.call("average_of", 1)
    assert str(caught.value) == "name 'average_of' is not defined"


def test_an_error_of_syntax_has_its_line(student):
    error = student.run("x = 1\ndef f(:\n    pass")
    assert isinstance(error, SyntaxError) and "(line 2: def f(:)" in str(error)


# ------------------------------------------------------------------- what is put off


def test_cells_that_were_put_off_run_only_when_they_are_asked_for(student):
    student.defer("import json\nmade = json.loads('[1]')\nopen('ran.txt', 'w').close()", ["json", "made"])
    assert after(student, "import os\ng = os.path.exists('ran.txt')") is False
    assert after(student, "g = made") == [1]
    assert after(student, "g = os.path.exists('ran.txt')") is True


def test_one_cell_that_was_put_off_can_ask_for_another(student):
    student.defer("a = b + 1", ["a"])
    student.defer("b = 1", ["b"])
    assert after(student, "g = a") == 2


def test_what_was_put_off_is_there_for_every_way_to_ask(student):
    student.defer("slow = 1", ["slow"])
    student.run("def f():\n    return 'slow' in globals(), globals().get('slow'), eval('slow')")
    assert student.call("f") == (True, 1, 1)


def test_what_was_put_off_is_put_off_again_in_the_next_process(student):
    student.defer("slow = 1", ["slow"])
    student.run("import os\ndef f():\n    os._exit(1)\ndef g():\n    return slow")
    with pytest.raises(StudentDied):
        student.call("f")
    assert student.call("g") == 1


# ------------------------------------------------------------------- what is displayed


def test_functions_may_display_and_ask_for_ipython(student):
    student.run(
        "from IPython.display import HTML\ndef f(x):\n    display(HTML('<b>x</b>'), x)\n    get_ipython()\n    return x"
    )
    assert student.call("f", 3) == 3
    student.run("def f(x):\n    display(x)\n    return [display, x][1]\ng = f(2)")
    assert student.call("f", 3) == 3 and student.value("g") == 2


def test_what_a_cell_shows_is_kept_where_it_is_asked_for(student):
    student.run("print('text')\ndisplay('shown')\n{'last': 1}", show=True)
    printed, *shown = student.outputs
    assert printed["text"] == "text\n"
    assert [one["data"]["text/plain"] for one in shown] == ["'shown'", "{'last': 1}"]
    student.run("class Drawn:\n    def _repr_png_(self):\n        return b'png'\nDrawn()", show=True)
    assert student.outputs[1]["data"]["image/png"] == "cG5n" and student.died == []
    student.run("display({'application/json': {'a': 1}, 'text/plain': 'a'}, raw=True)", show=True)
    assert student.outputs[1]["data"] == {"text/plain": "a"}
    student.run("'quiet';", show=True)
    assert student.outputs == [{"output_type": "stream", "text": ""}]
    assert after(student, "'kept'", "g = _") == "kept"
    error = student.run("print('before')\ndisplay('it')\n1 / 0", show=True)
    assert isinstance(error, ZeroDivisionError) and student.outputs[0]["text"] == "before\n"
    assert student.outputs[1]["data"] == {"text/plain": "'it'"}
    assert student.outputs[-1] == {"output_type": "error", "evalue": "ZeroDivisionError: division by zero"}
    student.run("g = 1", show=True)
    assert student.outputs == [{"output_type": "stream", "text": ""}] and student.value("g") == 1


@pytest.mark.slow
def test_what_a_cell_draws_is_kept_as_a_picture(student):
    student.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", show=True)
    assert [*student.outputs[-1]["data"]] == ["image/png"]
    student.run("g = plt.get_fignums()")
    assert student.value("g") == []


def test_chance_is_the_same_in_every_process(box):
    drawn = []
    for _ in range(2):
        limits = Limits()
        with StudentProcess(lambda: box.start(limits), {}, ["f"], limits) as process:
            process.run(
                "import random\nimport numpy as np\ndef f():\n    return random.random(), np.random.rand(), np.random.default_rng().random(), np.random.RandomState().rand()"
            )
            drawn.append(process.call("f"))
    assert drawn[0] == drawn[1] and len({*drawn[0]}) >= 3
    assert json.loads(json.dumps(drawn[0])) and np.all(np.array(drawn[0]) < 1)


def test_a_test_together_sees_what_the_cells_set_and_gives_its_last_line(student):
    student.run("x = 2\ndef f():\n    return lambda y: x + y")
    assert student.test("h = f()\nassert h(1) == 3\nh(2)") == 4
    assert student.test("assert h(1) == 3") is None
    with pytest.raises(AssertionError, match="not four"):
        student.test("assert h(1) == 4, 'not four'")


# ---------------------------------------------------------------- both ends, and neither in the other's way


@pytest.mark.parametrize("kind", [WarmBubblewrap, Unconfined])
def test_a_students_modules_may_have_the_names_of_what_runs_inside(kind):
    if kind is WarmBubblewrap and not shutil.which("bwrap"):
        kind = Unconfined
    rooms = [path.stem for path in INSIDE]
    files = {f"{room}.py": b"MINE = __name__\ndef __getattr__(name): raise SystemExit\n" for room in rooms}
    files |= {f"grading/{room}.py": b"MINE = __name__" for room in ("__init__", "namespace", "protocol")}
    box, limits = kind(), Limits()
    with StudentProcess(lambda: box.start(limits), files, ["g"], limits) as process:
        assert after(process, f"import {', '.join(rooms)}\ng = [one.MINE for one in ({', '.join(rooms)})]") == rooms
        own = "from grading import namespace, protocol\ng = namespace.MINE, protocol.MINE"
        assert after(process, own) == ("grading.namespace", "grading.protocol")
        assert after(process, "def f():\n    return 1", "g = f()") == 1


def test_what_runs_inside_does_nothing_where_it_is_imported():
    before = os.system, os.fork, np.empty, random._urandom, subprocess.Popen._execute_child, sys.displayhook
    modules, state = (
        {name: sys.modules.get(name) for name in ("__main__", "grading", "grading.protocol")},
        random.getstate(),
    )
    debugger = vars(pdb.Pdb)["do_EOF"]
    import grading.worker as worker

    after = os.system, os.fork, np.empty, random._urandom, subprocess.Popen._execute_child, sys.displayhook
    assert after == before and vars(pdb.Pdb)["do_EOF"] is debugger and random.getstate() == state
    assert all(sys.modules.get(name) is module for name, module in modules.items() if module)
    assert worker.frame is sys.modules["grading.protocol"].frame


def test_no_room_outside_of_the_sandbox_imports_one_that_runs_inside_of_it_alone():
    both = {"protocol", "kinds", "encoder", "decoder", "namespace"}
    inside = {path.stem for path in INSIDE} - both
    assert inside == {"worker", "guard", "warm", "cells", "shell", "patches"} and both - {"protocol"} < {*WORKER_ROOMS}
    for path in INSIDE[0].parent.glob("*.py"):
        imports = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        modules = {node.module for node in imports if isinstance(node, ast.ImportFrom)}
        modules |= {
            f"{node.module}.{alias.name}"
            for node in imports
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        modules |= {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
        if path.stem not in inside:
            assert not modules & {f"grading.{room}" for room in inside}, path.name
        if path.stem == "namespace":
            assert not [module for module in modules if module.startswith("grading")]
