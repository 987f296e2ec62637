"""shell.py and patches.py: magics and shell lines do what they do in Jupyter, less what a grader must not do."""

import pytest
import workers
from workers import ALONE, after

box, student = workers.box, workers.student  # fixtures


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
