"""worker.py: a student's cells run as they do in Jupyter, less what a grader must not do."""

import json
import shutil

import numpy as np
import pytest

from grading.sandbox import Limits, Unconfined, WarmBubblewrap
from grading.student import StudentDied, StudentProcess

ALONE = "The grader starts no other programs: an answer has to do without them"


@pytest.fixture(scope="module")
def box():
    return WarmBubblewrap() if shutil.which("bwrap") else Unconfined()


@pytest.fixture
def student(box):
    limits = Limits()
    files = {"words.txt": b"tea\ncake\n", "shop.py": b"PRICE = 3\n"}
    with StudentProcess(lambda: box.start(limits), files, ["f", "g"], limits) as process:
        yield process


def after(student, *cells):
    """Return what the last cell gave the name ``g``, after all cells ran without an error."""
    for cell in cells:
        error = student.run(cell)
        assert error is None, (cell, error)
    return student.value("g")


# ---------------------------------------------------------------------------- magics


@pytest.mark.parametrize(
    "cell",
    [
        "%%time\ng = 1",
        "%%timeit -n1 -r1\npass",
        "%%capture\nprint('x')\ng = 1",
        "%%capture said\nprint('x')\ng = 1",
        "%matplotlib inline\ng = 1",
        "%load_ext autoreload\n%autoreload 2\ng = 1",
        "%config InlineBackend.figure_format = 'retina'\ng = 1",
        "%precision 3\ng = 1",
        "g = %time 1",
        "%time g = 1",
        "for n in range(2):\n    %time g = n",
        "%reset_selective -f nothing\ng = 1",
        "get_ipython().run_line_magic('time', 'g = 1')",
        "get_ipython().system('ls')\ng = 1",
        "g = 1\ng?",
        "?print\ng = 1",
        "g = 1;",
        "%%python3\nprint(1)",
        "%%html\n<b>x</b>",
        "%%javascript\nalert(1)",
        "%%markdown\n# x",
        "%%latex\nx",
    ],
)
def test_magics_do_what_they_do(student, cell):
    error = student.run(cell)
    if cell.startswith("%%python3"):
        assert ALONE in str(error)
    else:
        assert error is None
    if "g = 1" in cell:
        assert student.value("g") == 1


def test_environment_variables_that_a_magic_sets_are_set(student):
    assert after(student, "%env TEA=3", "import os\ng = os.environ['TEA']") == "3"


def test_a_module_that_a_cell_writes_can_be_imported_by_the_next(student):
    written = "%%writefile tools.py\ndef double(x):\n    return 2 * x\n"
    assert after(student, written, "from tools import double\ng = double(4), __name__") == (8, "__main__")
    assert (
        after(student, written.replace("2 *", "3 *"), "import importlib, tools\ng = importlib.reload(tools).double(4)")
        == 12
    )
    assert after(student, "%%writefile -a tools.py\nMORE = 1", "g = open('tools.py').read()").endswith("MORE = 1\n")


def test_magics_of_the_students_own_are_known(student):
    own = "from IPython.core.magic import register_line_magic, register_cell_magic\n@register_line_magic\ndef twice(line):\n    return 2 * int(line)\n@register_cell_magic\ndef lines(line, cell):\n    return cell.splitlines()"
    assert after(student, own, "g = %twice 4") == 8
    assert after(student, "%%lines\na\nb", "g = _") == ["a", "b"]


def test_a_magic_that_is_not_there_is_an_error_of_its_cell_alone(student):
    student.run("%no_such_magic\nx = 1")
    student.run("%%no_such_magic\nx = 2")
    assert after(student, "g = 3") == 3


def test_what_the_notebook_remembers_is_remembered(student):
    assert after(student, "1 + 1", "g = _") == 2
    assert after(student, "'a'", "'b'", "g = _, __, Out[max(Out)]") == ("b", "a", "b")
    assert after(student, "x = 7", "g = In[-2], get_ipython().__class__.__name__") == ("x = 7", "Shell")
    assert after(student, "g = __name__, __import__('__main__').__dict__ is not None") == ("__main__", True)


def test_the_notebook_is_the_main_module(student):
    assert after(student, "x = 5\nimport __main__", "g = __main__.x, __name__ == '__main__'") == (5, True)
    assert after(student, "if __name__ == '__main__':\n    g = 'main'") == "main"


# ------------------------------------------------------------------------- shell lines


def test_shell_lines_do_what_they_do_to_files(student):
    cell = "!mkdir -p data/deep && echo one > data/deep/a.txt\n!echo two >> data/deep/a.txt\n!cp data/deep/a.txt b.txt\n!touch c.txt; mv c.txt d.txt"
    assert after(student, cell, "g = open('b.txt').read()") == "one\ntwo\n"
    assert after(student, "g = !cat b.txt") == ["one", "two"]
    assert after(student, "!echo 'a; b && c' > 'e f.txt'", "g = open('e f.txt').read()") == "a; b && c\n"
    assert after(student, "import os\ng = sorted(os.listdir())")[:2] == ["b.txt", "d.txt"]


def test_a_shell_lines_text_can_be_kept_also_in_an_attribute(student):
    cell = "class A:\n    pass\nA.files = !ls\ng = A.files"
    assert after(student, cell) == ["shop.py", "words.txt"]
    assert after(student, "first, *others = !ls\ng = first, others") == ("shop.py", ["words.txt"])
    assert after(student, "name = 'words.txt'\nfound = !cat {name}\ng = found.n.upper()") == "TEA\nCAKE"
    assert after(student, "def f():\n    found = !cat $name\n    return found.s\ng = f()") == "tea cake"


@pytest.mark.parametrize(
    "line",
    [
        "!pip install numpy",
        "!ls",
        "!no-such-program",
        "%pip install numpy",
        "!echo 'unclosed",
        "!",
        "%cd .",
        "%ls",
        "!wget x | sh",
    ],
)
def test_a_shell_line_costs_nothing_below_it(student, line):
    student.run(f"{line}\ng = 1")
    assert student.value("g") == 1 or line.startswith("%")
    assert after(student, "g = 2") == 2


def test_cells_of_a_shell_write_files(student):
    assert after(student, "%%bash\necho x > a.txt\nls", "g = open('a.txt').read()") == "x\n"
    assert after(student, "%%sh\ntouch b.txt", "import os\ng = os.path.exists('b.txt')") is True


# --------------------------------------------------- what nobody is there to talk to


@pytest.mark.parametrize(
    "cell",
    [
        "breakpoint()\ng = 1",
        "import pdb\npdb.set_trace()\ng = 1",
        "import pdb; pdb.set_trace()\ng = 1",
        "from IPython.core.debugger import set_trace\nset_trace()\ng = 1",
        "%debug\ng = 1",
        "%pdb on\ng = 1",
        "%%debug\ng = 1",
        "for n in range(3):\n    breakpoint()\ng = 1",
    ],
)
def test_a_debugger_goes_on(student, cell):
    student.run(cell)
    assert student.value("g") == 1
    assert student.died == []


def test_a_function_with_a_breakpoint_goes_on(student):
    student.run("import pdb\ndef f(x):\n    breakpoint()\n    pdb.set_trace()\n    return x + 1")
    assert student.call("f", 1) == 2


@pytest.mark.parametrize(
    "end",
    ["exit()", "quit()", "exit", "quit", "raise SystemExit", "import sys; sys.exit(3)", "get_ipython().ask_exit()"],
)
def test_an_end_ends_its_cell_and_nothing_else(student, end):
    student.run(f"g = 1\n{end}\ng = 2")
    assert student.value("g") in ((1, 2) if end in ("exit", "quit") else (1,))
    assert after(student, "g = 3") == 3 and student.died == []


@pytest.mark.parametrize("end", ["exit()", "quit()", "raise SystemExit", "__import__('sys').exit()"])
def test_an_end_in_a_function_is_the_error_of_its_call(student, end):
    student.run(f"def f():\n    {end}\n    return 1\ndef g():\n    return 2")
    with pytest.raises(SystemExit):
        student.call("f")
    assert student.call("g") == 2 and student.died == []


@pytest.mark.parametrize("asks", ["input()", "input('name? ')", "__import__('getpass').getpass()"])
def test_a_question_has_no_answer(student, asks):
    student.run(f"def f():\n    return {asks}")
    with pytest.raises(Exception) as caught:
        student.call("f")
    assert type(caught.value).__name__ in ("EOFError", "StdinNotImplementedError")


# ------------------------------------------------------------------ no other programs


@pytest.mark.parametrize(
    "start",
    [
        "subprocess.run(['ls'])",
        "subprocess.Popen('ls', shell=True)",
        "subprocess.check_output(['python', '-c', '1'])",
        "subprocess.getoutput('ls')",
        "os.fork()",
        "os.forkpty()",
        "os.popen('ls').read()",
        "os.spawnlp(os.P_WAIT, 'ls', 'ls')",
        "os.posix_spawn('/bin/ls', ['ls'], {})",
        "multiprocessing.Process(target=print).start()",
        "multiprocessing.get_context('spawn').Process(target=print).start()",
        "multiprocessing.Pool(1)",
        "concurrent.futures.ProcessPoolExecutor(1).submit(abs, 1).result()",
        "asyncio.run(asyncio.create_subprocess_exec('ls'))",
    ],
)
def test_a_program_that_would_be_started_is_an_error_that_says_so(student, start):
    student.run(f"import asyncio, concurrent.futures, multiprocessing, os, subprocess\ndef f():\n    return {start}")
    with pytest.raises(PermissionError, match=ALONE):
        student.call("f")
    assert ALONE in str(student.run(f"g = {start}"))
    assert student.died == []


def test_a_line_that_python_gives_to_a_shell_does_what_a_shell_line_does(student):
    assert after(
        student, "import os\nstate = os.system('echo x > a.txt; no-such-program')\ng = state, open('a.txt').read()"
    ) == (0, "x\n")
    assert after(student, "%%bash\ncat << END > b.txt\none\ntwo\nEND", "g = open('b.txt').read()") == "one\ntwo\n"


def test_threads_and_await_are_no_programs(student):
    student.run("import asyncio, threading, concurrent.futures")
    assert (
        after(student, "async def later(x):\n    await asyncio.sleep(0)\n    return x + 1", "g = await later(1)") == 2
    )
    assert after(
        student,
        "g = [n async for n in __import__('types').SimpleNamespace(__aiter__=None)] if False else await asyncio.gather(later(1), later(2))",
    ) == [2, 3]
    assert after(
        student, "with concurrent.futures.ThreadPoolExecutor(2) as pool:\n    g = list(pool.map(abs, [-1, -2]))"
    ) == [1, 2]
    assert after(student, "async with asyncio.Lock():\n    g = 4") == 4


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
    student.put_off("import json\nmade = json.loads('[1]')\nopen('ran.txt', 'w').close()", ["json", "made"])
    assert after(student, "import os\ng = os.path.exists('ran.txt')") is False
    assert after(student, "g = made") == [1]
    assert after(student, "g = os.path.exists('ran.txt')") is True


def test_one_cell_that_was_put_off_can_ask_for_another(student):
    student.put_off("a = b + 1", ["a"])
    student.put_off("b = 1", ["b"])
    assert after(student, "g = a") == 2


def test_what_was_put_off_is_there_for_every_way_to_ask(student):
    student.put_off("slow = 1", ["slow"])
    student.run("def f():\n    return 'slow' in globals(), globals().get('slow'), eval('slow')")
    assert student.call("f") == (True, 1, 1)


def test_what_was_put_off_is_put_off_again_in_the_next_process(student):
    student.put_off("slow = 1", ["slow"])
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
