"""public_tests.py, diagnosis.py and preflight.py: what a learner reads. The numbers come from the published figures."""

import ast
import inspect
import itertools
import re
import sys
import time
import types
import warnings
from collections import Counter
from contextlib import suppress
from importlib import metadata

import numpy as np
import pytest
from answers import RIGHT, SOLUTION, WRONG, cell
from conftest import ROOT, function_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import diagnosis
from diagnosis import CAUSES, DRAWS, SENTENCES, CheckFailed, drawn_for, scale
from preflight import COURSE
from public_tests import (
    HE,
    RANDOM,
    ZEROS,
    hidden_test,
    initialize_parameters_he_test,
    initialize_parameters_random_test,
    initialize_parameters_zeros_test,
    preflight,
)

CHECKS = {
    "zeros": initialize_parameters_zeros_test,
    "random": initialize_parameters_random_test,
    "he": initialize_parameters_he_test,
}
MESSAGES, PREFLIGHT = SENTENCES["messages"], SENTENCES["preflight"]
READY = [cell(name, SOLUTION) for name in CHECKS]
SOLUTIONS = {name: function_of(cell(name, SOLUTION), f"initialize_parameters_{name}") for name in CHECKS}


def independent_weights(exercise, layers_dims):
    """The expected weights, cut out of one long stream of draws: not the way in which the notebook writes it."""
    sizes = list(zip(layers_dims[1:], layers_dims))
    stream = np.random.RandomState(3).standard_normal(sum(rows * columns for rows, columns in sizes))
    scale = {"zeros": lambda n: 0.0, "random": lambda n: 10.0, "he": lambda n: (2.0 / n) ** 0.5}[exercise]
    weights = []
    for rows, columns in sizes:
        taken, stream = stream[: rows * columns], stream[rows * columns :]
        weights.append(taken.reshape(rows, columns) * scale(columns))
    return weights


# ---------------------------------------------------------------- expected values


@pytest.mark.parametrize(
    ("factor", "layers_dims", "name"),
    [("zero", (3, 2, 1), "zeros_3_2_1"), ("ten", (3, 2, 1), "random_3_2_1"), ("he", (2, 4, 1), "he_2_4_1")],
)
def test_expected_values_are_the_published_ones(factor, layers_dims, name, reference):
    sizes = scale(factor, layers_dims)
    expected = {f"W{l}": draws * size for l, (draws, size) in enumerate(zip(drawn_for(layers_dims), sizes), start=1)}
    expected |= {f"b{l}": np.zeros((n, 1)) for l, n in enumerate(layers_dims[1:], start=1)}
    published = reference["initial_values"][name]
    assert published.keys() == expected.keys()
    for key, value in published.items():
        np.testing.assert_allclose(expected[key], value, rtol=0, atol=6e-9)


@pytest.mark.parametrize(("name", "exercise"), [("zeros", ZEROS), ("random", RANDOM), ("he", HE)])
def test_expected_values_of_every_case_come_from_the_stream_of_seed_3(name, exercise):
    for case in (*exercise.cases, *exercise.further):
        expected = independent_weights(name, case.layers_dims)
        for got, weights in zip(case.weights, expected, strict=not case.ranges):
            np.testing.assert_allclose(got, weights, rtol=0, atol=1e-8)
        for (low, high), weights in zip(case.ranges, expected, strict=not case.weights):
            np.testing.assert_allclose((low, high), (weights.min(), weights.max()), rtol=0, atol=1e-7)
        assert len(case.weights) + len(case.ranges) == len(case.layers_dims) - 1


def test_the_known_streams_begin_as_their_generators_do():
    for seed, begins in diagnosis.OTHER_SEEDS.items():
        np.testing.assert_allclose(np.random.RandomState(seed).randn(2), begins, atol=1e-6)
    for generator, begins in diagnosis.NEW_GENERATORS.items():
        draws = eval(generator, {"np": np}).standard_normal(2)
        np.testing.assert_allclose(draws, begins, atol=1e-6)
    np.testing.assert_allclose(np.random.RandomState(3).rand(2), diagnosis.UNIFORM, atol=1e-6)
    np.testing.assert_allclose(np.random.RandomState(3).randn(DRAWS.size), DRAWS, atol=1e-10)


def test_no_two_known_factors_are_alike():
    """Else a hint could name the wrong mistake."""
    sizes = RANDOM.cases[0].layers_dims
    scales = {name: scale(name, sizes) for name in diagnosis.SCALES}
    spread = np.array([draws.std() for draws in drawn_for(sizes)])
    for name in ("ten", "he"):
        products = np.cumprod(scales[name]), np.cumprod(scales[name][::-1])[::-1]
        scales |= {f"{name}, negative": -scales[name], f"{name}, by their own spread": scales[name] / spread}
        scales |= {f"{name}, accumulated {number}": product for number, product in enumerate(products)}
    for name, other in itertools.combinations(scales, 2):
        assert not np.allclose(scales[name], scales[other], rtol=0.02), (name, other)
    scales = {name: scale(name, diagnosis.LARGE) for name in diagnosis.SCALES}
    for name, other in itertools.product(
        ["ten", "he"], scales.keys() - {"one more", "one less"}
    ):  # of 200 units, nothing
        assert name == other or not np.allclose(scales[name], scales[other], rtol=0.1), (name, other)


# ------------------------------------------------------------- right, wrong, garbage


@pytest.mark.parametrize("exercise", CHECKS)
def test_a_right_answer_passes_and_says_so_in_one_line(exercise, capsys):
    CHECKS[exercise](SOLUTIONS[exercise])
    assert capsys.readouterr().out == "All tests passed.\n"


ARCHITECTURES = st.lists(st.integers(1, 12), min_size=2, max_size=7)


@pytest.mark.parametrize("exercise", CHECKS)
@settings(max_examples=60)
@given(layers_dims=ARCHITECTURES, data=st.data())
def test_any_architecture_is_judged_like_the_independent_reference(exercise, layers_dims, data):
    def reference(sizes):
        return independent_weights(exercise, sizes)

    hidden_test(SOLUTIONS[exercise], reference, {"this one": layers_dims})

    key = data.draw(st.sampled_from(sorted(SOLUTIONS[exercise](layers_dims))))
    change = data.draw(st.sampled_from([1e-3, -1e-3, 0.5, np.nan, np.inf]))
    seed = data.draw(st.integers(0, 2**16))

    def off_in_one_value(sizes):
        parameters = SOLUTIONS[exercise](sizes)
        values = parameters[key].reshape(-1)
        at = np.random.default_rng(seed).integers(values.size)
        values[at] += change * max(1.0, abs(values[at]))
        return parameters

    with pytest.raises(CheckFailed):
        hidden_test(off_in_one_value, reference, {"this one": layers_dims})


class Liar:
    """Says yes to every comparison, and no to being shown."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __len__(self):
        return -1

    def __bool__(self):
        raise RuntimeError("neither true nor false")

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class OddDict(dict):
    def __iter__(self):
        raise RuntimeError("no iteration")

    def keys(self):
        return 3

    items = values = __getitem__ = keys


class Pretender:
    """Says that it is a dict, or nothing at all."""

    def __init__(self, kind=None):
        self.kind = kind

    @property
    def __class__(self):
        if self.kind is None:
            raise RuntimeError("no class")
        return self.kind

    shape = __class__


class Shouts(Exception):
    def __str__(self):
        raise RuntimeError("no text")


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.builds(Liar),
    st.builds(OddDict),
    st.builds(Pretender, st.sampled_from([None, dict, np.ndarray, str])),
    st.just(np.random),
    st.just(len),
    st.just(...),
    st.just(1e308),
    arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)),
    st.just(np.zeros((5, 7)).view(np.matrix)),
    st.just(np.ma.masked_all((5, 7))),
    st.builds(lambda: np.array([Liar()])),
    st.just(np.broadcast_to(1.0, (10**6, 10**6))),
    st.just(np.zeros((0, 0))),
    st.just(np.array(["x"] * 35).reshape(5, 7)),
    st.just(np.zeros(35, dtype=[("a", float)]).reshape(5, 7)),
    st.just(np.datetime64("2015-12-07")),
)
KEYS = (
    st.sampled_from(["W1", "b1", "W2", "b2", "W3", "b3"])
    | st.text(max_size=3)
    | st.integers()
    | st.none()
    | st.builds(Liar)
)
ALL_KEYS = st.fixed_dictionaries({key: LEAVES for key in ("W1", "b1", "W2", "b2", "W3", "b3")})
NEARLY = st.builds(
    lambda key, value: (
        {
            "W1": np.zeros((5, 7)),
            "b1": np.zeros((5, 1)),
            "W2": np.zeros((2, 5)),
            "b2": np.zeros((2, 1)),
            "W3": np.zeros((6, 2)),
            "b3": np.zeros((6, 1)),
        }
        | {key: value}
    ),
    st.sampled_from(["W1", "b1", "W2", "b2", "W3", "b3"]),
    LEAVES,
)
GARBAGE = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=8), max_leaves=8
)


@pytest.mark.parametrize("exercise", CHECKS)
@settings(max_examples=300)
@given(garbage=NEARLY | ALL_KEYS | GARBAGE | st.builds(OddDict, NEARLY))
def test_garbage_gets_a_message_and_never_an_error_of_the_check(exercise, garbage):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CheckFailed) as caught:
            CHECKS[exercise](lambda layers_dims: garbage)
    message = str(caught.value)
    assert message.startswith(f"initialize_parameters_{exercise}([7, 5, 2, 6])\n")
    assert "\nGot: " in message and "\nHint: " in message and len(message) < 2000


@pytest.mark.parametrize("exercise", CHECKS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", ">f8"])
@pytest.mark.parametrize("factor", [1, -1, 0, 1e-320, 1e-5, 1e30, 1e308, 1.0001])
def test_odd_floats_pass_or_get_a_message(exercise, dtype, factor):
    def odd(layers_dims):
        with np.errstate(all="ignore"):
            return {key: (value * factor).astype(dtype) for key, value in SOLUTIONS[exercise](layers_dims).items()}

    right = exercise == "zeros" or (factor == 1 and dtype != "float16")
    try:
        CHECKS[exercise](odd)
        assert right
    except CheckFailed:
        assert not right


@pytest.mark.parametrize("exercise", CHECKS)
@pytest.mark.parametrize(
    "error", [Shouts(), RuntimeError("x" * 10**6), SystemExit(), ExceptionGroup("two", [ValueError()])]
)
def test_any_error_gets_a_message(exercise, error):
    def raises(layers_dims):
        raise error

    with pytest.raises(CheckFailed) as caught:
        CHECKS[exercise](raises)
    assert type(error).__name__ in str(caught.value) and len(str(caught.value)) < 1000
    assert "(line " in str(caught.value) and "raise error" in str(caught.value)


@pytest.mark.parametrize("nothing", [None, 3, "initialize", {}, [], np.zeros(3), Liar()])
def test_what_is_no_function_is_told_so(nothing):
    with pytest.raises(CheckFailed, match="def initialize_parameters_he"):
        initialize_parameters_he_test(nothing)


def failing(exercise, before="", **changes):
    """What the check of an exercise says of the solution below some lines, or after some changes."""
    source = cell(exercise, SOLUTION)
    for old, new in changes.items():
        source = source.replace(old, new)
    with pytest.raises(CheckFailed) as caught:
        CHECKS[exercise](function_of(f"{before}\n{source}", f"initialize_parameters_{exercise}"))
    return caught.value


@pytest.mark.parametrize(
    ("before", "hint"),
    [
        ("str = 'W'", "`str` is no longer Python's own: one of your cells has set it to 'W'."),
        ("len = 3", "`len` is no longer Python's own: one of your cells has set it to 3."),
        ("range = [1, 2]", "`range` is no longer Python's own: one of your cells has set it to [1, 2]."),
        ("np = 3", "`np` is no longer NumPy: one of your cells has set it to 3."),
        ("str, sum = 'W' * 10**6, 'b'", "`str` is no longer"),
    ],
)
def test_a_name_of_python_or_numpy_that_a_cell_has_set_is_named(before, hint):
    failed = failing("zeros", before)
    assert failed.hint.startswith(hint) and failed.hint.endswith(
        "Rename that variable, restart the kernel, and run all cells."
    )
    assert failed.kind == "error" and len(failed.hint) < 250


def test_a_name_of_python_that_the_function_itself_has_set_is_named():
    assert failing("zeros", **{"    L =": "    str = 'W'\n    L ="}).hint.startswith("`str` is no longer Python's own")


@pytest.mark.parametrize(
    ("before", "changes", "mistake"),
    [
        ("sum = 3", {"layers_dims[l]": "layers_dims(l)"}, "call for an entry"),  # not on that line
        ("str = lambda l: f'{l}'\nL = 1", {"layers_dims[l]": "layers_dims(l)"}, "call for an entry"),  # can be called
        ("L = np.zeros(2)", {"np.zeros": "np.zero"}, "attribute"),
        ("np = np", {"len(layers_dims)": "layers_dims.len()"}, "attribute of a list"),
        ("str = 'W'", {"str(l)": "l"}, "text plus number"),  # not called
    ],
)
def test_other_errors_keep_their_hint(before, changes, mistake):
    assert failing("zeros", before, **changes).hint.startswith(MESSAGES["error"]["hints"][mistake].split("{")[0])


def test_a_stand_in_without_a_namespace_gets_the_plain_hint():
    """The grader's function has no globals, and its errors no lines of Python's own."""

    class StandIn:
        __name__ = "initialize_parameters_he"
        __code__ = compile("", "<student>", "exec")

        def __call__(self, layers_dims):
            raise TypeError("'str' object is not callable")

    with pytest.raises(CheckFailed) as caught:
        initialize_parameters_he_test(StandIn())
    assert caught.value.hint == MESSAGES["error"]["hints"]["call for an entry"]


def test_a_learner_can_stop_a_check():
    def stopped(layers_dims):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        initialize_parameters_zeros_test(stopped)


# -------------------------------------------------------------- what a check leaves


def test_a_check_leaves_the_random_state_alone_even_when_it_fails():
    np.random.seed(5)
    expected = np.random.randn(3)
    np.random.seed(5)
    initialize_parameters_random_test(SOLUTIONS["random"])
    with pytest.raises(CheckFailed):
        initialize_parameters_he_test(SOLUTIONS["random"])
    with pytest.raises(CheckFailed):
        hidden_test(SOLUTIONS["random"], lambda sizes: independent_weights("he", sizes), {"this one": [3, 2]})
    np.testing.assert_array_equal(np.random.randn(3), expected)


def test_a_check_does_not_depend_on_the_random_state():
    for seed in range(5):
        np.random.seed(seed)
        initialize_parameters_random_test(SOLUTIONS["random"])


def test_what_a_function_writes_to_stderr_is_no_error(capsys):
    """Plain nbgrader gives no points to a cell that wrote there."""

    def careful(layers_dims):
        print("many layers", file=sys.stderr)
        return SOLUTIONS["zeros"](layers_dims)

    initialize_parameters_zeros_test(careful)
    out, err = capsys.readouterr()
    assert "many layers" in out and err == ""


def test_a_coroutine_is_closed_so_that_python_warns_of_none():
    made = []

    async def parameters():
        return {}

    def starts(layers_dims):
        made.append(parameters())
        return made[-1]

    with pytest.raises(CheckFailed, match="Take the async away"):
        initialize_parameters_zeros_test(starts)
    assert {inspect.getcoroutinestate(one) for one in made} == {inspect.CORO_CLOSED}


def test_a_debugger_stays_attached():
    def debugger(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        initialize_parameters_zeros_test(SOLUTIONS["zeros"])
        assert sys.gettrace() is debugger
    finally:
        sys.settrace(before)


def test_nothing_watches_the_learners_code_after_a_check():
    before = sys.gettrace()
    sys.settrace(None)
    try:
        initialize_parameters_zeros_test(SOLUTIONS["zeros"])
        assert sys.gettrace() is None
    finally:
        sys.settrace(before)


def test_jupyter_shows_the_message_without_a_traceback():
    failed = CheckFailed("call", "keys", "any", "one", "two", "three")
    assert failed._render_traceback_() == ["call\nExpected: one\nGot:      two\nHint:     three"]


# ------------------------------------------------------------------ hidden checks


@pytest.mark.parametrize(
    ("wrong", "category"),
    [
        (lambda p: None, "the type of what is returned"),
        (lambda p: p | {"W9": p["W1"]}, "the keys"),
        (lambda p: p | {"W1": p["W1"].tolist()}, "the types of the arrays"),
        (lambda p: p | {"W1": p["W1"].astype(int)}, "the kind of the numbers"),
        (lambda p: p | {"W1": p["W1"].T}, "the shapes of the weights"),
        (lambda p: p | {"b1": p["b1"].T}, "the shapes of the biases"),
        (lambda p: p | {"b1": p["b1"] + np.nan}, "values that are not finite"),
        (lambda p: p | {"b1": p["b2"], "b2": p["b2"]}, "fresh arrays"),
        (lambda p: p | {"b1": p["b1"] + 1}, "the values of the biases"),
        (lambda p: p | {"W1": p["W1"] * 2}, "the values of the weights"),
        (lambda p: p | {"b1": p["b1"] + next(ONCE)}, "two equal calls"),
        (lambda p: 1 / 0, "the function raised an error"),
    ],
)
def test_a_hidden_check_tells_its_category_and_nothing_else(wrong, category):
    def changed(layers_dims):
        return wrong(SOLUTIONS["he"](layers_dims))

    with pytest.raises(CheckFailed) as caught:
        hidden_test(changed, lambda sizes: independent_weights("he", sizes), {"a narrow network": [7, 6, 6, 5]})
    told = str(caught.value)
    assert f"Got:      {category}\n" in told and "a narrow network" in told
    assert not re.search(r"[5-7]", told), "it tells the layer sizes"
    assert caught.value.__suppress_context__


ONCE = iter([0.0, 1.0])


def test_a_hidden_check_finds_state_between_calls():
    kept = {}

    def counts(layers_dims):
        kept["calls"] = kept.get("calls", 0) + 1
        parameters = SOLUTIONS["zeros"](layers_dims)
        parameters["b1"] += kept["calls"] > 3
        return parameters

    with pytest.raises(CheckFailed):
        hidden_test(counts, lambda sizes: independent_weights("zeros", sizes), {"one": [3, 2], "two": [4, 2]})


# ----------------------------------------------------------------- one place for all


FILES = "public_tests.py", "diagnosis.py", "preflight.py"


def sentences_of(file):
    """Texts with two words or more that stand in the code of a file, docstrings aside."""
    tree = ast.parse((ROOT / file).read_text())
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            if re.search(r"[a-z] +[a-z]", node.value) and "<" not in node.value:
                yield node.value


def texts_in(table):
    for name, value in table.items() if isinstance(table, dict) else enumerate(table):
        yield from [(table, name)] if isinstance(value, str) else texts_in(value)


def test_no_sentence_stands_outside_the_one_table():
    said = {table[name] for table, name in texts_in(SENTENCES)}
    names = {cause for causes in CAUSES.values() for cause, _ in causes} | {*CAUSES, *diagnosis.SCALES}
    names |= {name for table in SENTENCES.values() if isinstance(table, dict) for name in table}
    names.add("scale of ")
    of_python = {"argument", "not callable", "object is not callable"}
    elsewhere = {text for file in FILES for text in sentences_of(file)} - said - names
    assert {text for text in elsewhere if not any(part in text for part in of_python)} <= PARTS_OF_ERRORS


# What Python and NumPy say, which is looked for, and the words of a course's list of packages.
PARTS_OF_ERRORS = {
    "list indices must be integers or slices, not str",
    "indices must be integers",
    "'list' object",
    "'dict' object",
    "'int' object",
    "'int' object is not iterable",
    "has no len()",
    "object is not subscriptable",
    "'list' object cannot be interpreted as an integer",
    "'tuple' object cannot be interpreted as an integer",
    "cannot be interpreted as an integer",
    "as a data type",
    "for ^",
    "concatenate str",
    r"'numpy' has no attribute '(float|int|bool|object|str|complex)'",
    *(text for text in sentences_of("preflight.py") if text.startswith("numpy matplotlib")),
}


@pytest.fixture
def translated():
    """The table of sentences in another language: every word stands between guillemets, and what is filled in does not."""

    def foreign(text):
        parts = re.split(r"(\{\{|\}\}|\{[^{}]*\})", text)
        return "".join(
            part if part.startswith(("{", "}")) else re.sub(r"[A-Za-z]+", "\u00abx\u00bb", part) for part in parts
        )

    kept = [(table, name, table[name]) for table, name in texts_in(SENTENCES) if isinstance(table, dict)]
    kept += [
        (table, name, value)
        for table in (PREFLIGHT, PREFLIGHT["rows"])
        for name, value in table.items()
        if isinstance(value, tuple)
    ]
    for table, name, value in kept:
        table[name] = foreign(value) if isinstance(value, str) else tuple(map(foreign, value))
    yield
    for table, name, value in kept:
        table[name] = value


def test_a_translated_table_translates_all_that_a_check_says(translated, ticking, capsys):
    """Each wrong answer's message has no word but the learner's own, Python's, and names out of the code."""
    for answer in WRONG:
        if answer.message == "error/recursion":  # which leaves no room for anything else
            continue
        function = function_of(answer.source, f"initialize_parameters_{answer.exercise}")
        try:
            CHECKS[answer.exercise](function)
        except CheckFailed as failed:
            lines = str(failed).splitlines()[1:]
            assert all(line.startswith("\u00abx\u00bb:") for line in lines[:1] + lines[-1:]), failed
            assert not re.search(r"[A-Za-z]{3,}", failed.hint.split("{")[0]) or failed.kind in ("error", "draws"), (
                failed
            )
    CHECKS["zeros"](SOLUTIONS["zeros"])
    assert re.fullmatch(r"(\u00abx\u00bb[ .]?)+\n", capsys.readouterr().out.splitlines(True)[-1])


def test_a_translated_table_translates_the_preflight(translated):
    page = looked_at(READY[:2])[1]._repr_html_()
    words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]+>", " ", page)))
    assert words <= {"initialize", "parameters"}


def test_messages_are_short_sentences_with_all_three_parts():
    for kind, message in MESSAGES.items():
        assert message["about"] and message["expected"] and message["got"], kind
        for cause, hint in message["hints"].items():
            assert hint.endswith((".", "?", "{spread}", "}}.")), (kind, cause)
            assert len(hint) < 240, (kind, cause)


def test_every_cause_has_a_sentence_and_the_last_one_always_holds():
    for kind, causes in CAUSES.items():
        assert {cause for cause, _ in causes} == MESSAGES[kind]["hints"].keys(), kind
        assert causes[-1][1](None, None) is True, kind
    assert set(MESSAGES) - set(CAUSES) == {"there", "cell"}


# ------------------------------------------------------------- what is under a name


def in_notebook(exercise, *cells):
    """What a check says after these cells, which IPython keeps."""
    namespace = {"np": np, "__name__": "__main__", "__builtins__": __builtins__, "In": ["", *cells]}
    for source in cells:
        with suppress(Exception):
            exec(source, namespace)
    with pytest.raises(CheckFailed) as caught:
        CHECKS[exercise](namespace)
    return caught.value


def test_a_check_finds_the_function_in_the_notebook(capsys):
    namespace = {"np": np, "__name__": "__main__"}
    exec(READY[2], namespace)
    CHECKS["he"](namespace)
    assert capsys.readouterr().out == "All tests passed.\n"


def test_a_function_that_is_not_there_is_told_with_its_reason():
    he = READY[2]
    renamed = in_notebook("he", he.replace("initialize_parameters_he", "initialise_parameters_he"))
    assert (renamed.kind, renamed.cause) == ("there", "similar") and "initialise_parameters_he" in renamed.hint
    pasted = in_notebook("he", *READY[:2], he.replace("parameters_he", "parameters_random"))
    assert pasted.cause == "pasted" and "the name after def there initialize_parameters_random," in pasted.hint
    assert in_notebook("zeros").cause == "any"


STUB_OF_HE = "def initialize_parameters_he(layers_dims):\n    raise NotImplementedError\n"


@pytest.mark.parametrize(
    ("cells", "kind", "cause"),
    [
        # An answer that was mended is no copy: its own check comes next.
        ([READY[0] + "# again\n", READY[0], "initialize_parameters_zeros_test(globals())"], "there", "any"),
        ([READY[1].replace("10", "9"), "initialize_parameters_random_test(globals())", READY[1]], "there", "pasted"),
        # The stub was run before, and stands where the copy was not renamed.
        ([STUB_OF_HE], "error", "not written"),
        ([STUB_OF_HE, READY[1], READY[1] + "# again\n"], "error", "pasted"),
        ([READY[1], READY[1] + "# again\n", STUB_OF_HE], "error", "not written"),
        (
            [READY[1] + "# again\n", READY[1], "initialize_parameters_random_test(globals())", STUB_OF_HE],
            "error",
            "not written",
        ),
        # Python could not read the cell, and has what was there before, or nothing.
        ([READY[2].replace(":", "", 1)], "cell", "any"),
        ([STUB_OF_HE, READY[2].replace(":", "", 1)], "cell", "any"),
        ([READY[2].replace("sqrt(2", "sqrt(1"), READY[2].replace('"W"', "\u201cW\u201d")], "cell", "any"),
        ([READY[2].replace(":", "", 1), READY[2].replace("sqrt(2", "sqrt(1")], "scale of he", "xavier"),
        (
            [READY[2].replace("sqrt(2", "sqrt(1"), READY[2][:-3] + "(", READY[2].replace("sqrt(2", "sqrt(1")],
            "scale of he",
            "xavier",
        ),
    ],
)
def test_a_check_knows_which_cells_were_run(cells, kind, cause):
    failed = in_notebook("he", *cells)
    assert (failed.kind, failed.cause) == (kind, cause), failed


def test_a_cell_that_python_could_not_read_is_shown_with_its_line():
    failed = in_notebook("he", STUB_OF_HE, READY[2].replace("):", ")", 1))
    assert failed.got == "SyntaxError: expected ':' (line 1: def initialize_parameters_he(layers_dims))"
    assert "as it was run last" in failed.hint


def test_what_passes_passes_whatever_was_run_since(capsys):
    namespace = {"np": np, "__name__": "__main__", "__builtins__": __builtins__}
    exec(READY[2], namespace)
    namespace["In"] = ["", READY[2], READY[2].replace(":", "", 1)]
    CHECKS["he"](namespace)
    assert capsys.readouterr().out == "All tests passed.\n"


def test_a_name_that_was_used_again_is_no_function():
    failed = in_notebook("zeros", READY[0], "initialize_parameters_zeros = initialize_parameters_zeros([2, 10, 5, 1])")
    assert (failed.kind, failed.cause) == ("error", "not a function")


def test_a_seed_that_was_given_a_value_is_named(monkeypatch):
    monkeypatch.setattr(np.random, "seed", np.random.seed)  # to be put back
    failed = in_notebook("random", READY[1].replace("np.random.seed(3)", "np.random.seed = 3"))
    assert (failed.kind, failed.cause) == ("repeat", "seed taken")
    failed = in_notebook("random", READY[1])
    assert (failed.kind, failed.cause) == ("error", "seed taken")


# ------------------------------------------------------------------- the pre-flight


def looked_at(sources, **others):
    """The pre-flight's table for a notebook with these cells and names: {row: (zeros, random, he)}."""
    namespace = {"np": np, "__name__": "__main__", **others}
    for source in sources:
        exec(source, namespace)
    table = preflight(namespace)
    titles = {title: name for name, (title, _) in PREFLIGHT["rows"].items()}
    return {titles[title]: found for title, *found, _ in table.rows}, table


def test_preflight_of_three_right_answers_is_all_ok():
    found, table = looked_at(READY)
    assert all(value == "ok" for row in found.values() for value in row)
    assert table.summary == PREFLIGHT["ready"]


@pytest.mark.parametrize(
    ("changes", "row", "words"),
    [
        (
            [("initialize_parameters_he", "initialize_params_he")],
            "there",
            "initialize_params_he? Give it the name back",
        ),
        ([("def initialize_parameters_he", "def something_else")], "there", "no function initialize_parameters_he"),
        ([("(layers_dims):", "(layers_dims, seed):")], "parameters", "needs also: seed"),
        ([("(layers_dims):", "():")], "parameters", "takes no parameter"),
        (
            [("    parameters = {}\n", "    parameters = {}\n    raise NotImplementedError()\n")],
            "stub",
            "reached: delete it",
        ),
        (
            [("    return parameters\n", "    return parameters\n    raise NotImplementedError()\n")],
            "stub",
            "not reached",
        ),
        ([("np.sqrt(2 /", "np.sqrt(1 /")], "checks", "no. Got: W1 starts with 0.676"),
        (
            [("def init", "factor = 2\n\ndef init"), ("np.sqrt(2 /", "np.sqrt(factor /")],
            "names",
            "uses factor: keep the cell",
        ),
        ([("np.sqrt(2 /", "np.sqrt(factor /")], "names", "uses factor, which is not set"),
        (
            [("len(layers_dims)", "len(layer_dims)")],
            "names",
            "uses layer_dims, which is not set anywhere. Is it layers_dims?",
        ),
        ([("def initialize_parameters_he", "def init_he")], "there", "init_he? Give it the name back"),
        ([("def initialize_parameters_he", "def cache")], "there", "no function initialize_parameters_he"),
        ([("    parameters = {}\n", "    parameters = {}\n    print(layers_dims)\n")], "prints", "prints"),
        ([("    L =", "    while True:\n        pass\n    L =")], "checks", "still running"),
        ([("    L =", "    raise SystemExit\n    L =")], "checks", "SystemExit"),
    ],
)
def test_preflight_names_what_it_looks_for(changes, row, words, ticking):
    solution = cell("he", SOLUTION)
    for old, new in changes:
        assert old in solution
        solution = solution.replace(old, new)
    found, table = looked_at([*READY[:2], solution])
    assert words in found[row][2]
    assert all(value == "ok" for others in found.values() for value in others[:2])
    costs = row in ("there", "parameters", "checks") or words.startswith("reached") or "not set" in words
    assert (table.summary == PREFLIGHT["ready"]) != costs


def with_cells(*cells):
    """The pre-flight after these cells, which IPython keeps."""
    found, table = looked_at(cells, In=["", *cells])
    return found["there"], found["checks"], table.summary


def test_preflight_looks_at_a_function_as_its_own_cell_defines_it():
    copied = READY[2].replace("parameters_he", "parameters_random")
    there, checks, summary = with_cells(*READY[:2], copied)
    assert "the name after def there initialize_parameters_random," in there[2] and checks[:2] == ["ok", "ok"]
    assert "Not ready yet: exercise 3 (He)." in summary
    there, checks, summary = with_cells(*READY[:2], STUB_OF_HE, copied)
    assert "the name after def there initialize_parameters_random," in there[2] and checks[:2] == ["ok", "ok"]
    assert "Not ready yet: exercise 3 (He)." in summary
    there, checks, summary = with_cells(*READY[:2], READY[2] + copied)
    assert checks == ["ok"] * 3 and summary == PREFLIGHT["ready"]
    wrong_at_home = READY[1].replace("* 10", "* 5")
    _, checks, summary = with_cells(READY[0], wrong_at_home, READY[2] + READY[1])
    assert checks[1].startswith("no. ") and "Not ready yet: exercise 2 (random)." in summary
    _, checks, summary = with_cells(READY[0], wrong_at_home, READY[2], READY[1])  # mended, and run again
    assert checks == ["ok"] * 3 and summary == PREFLIGHT["ready"]


def test_preflight_looks_further_than_the_visible_checks():
    short = READY[0].replace("    L = len(layers_dims) - 1\n", "    L = min(3, len(layers_dims) - 1)\n")
    found, table = looked_at([short, *READY[1:]])
    assert found["checks"][0].startswith("no, on initialize_parameters_zeros([")
    assert "Not ready yet: exercise 1 (zeros)." in table.summary


def test_preflight_names_what_was_set_in_place_of_pythons_own():
    found, _ = looked_at([*READY, "str, sum, factor = 'W', 3, 2"])
    assert found["names"][0].startswith("uses str, which one of your cells has set")
    assert "`str` is no longer Python's own" in found["checks"][0]


def imported(cells, **others):
    """What the pre-flight says when IPython has run these cells, the exercises among them, and they have set these names."""
    transformed = [TransformerManager().transform_cell(source) for source in cells]
    found, table = looked_at(READY, In=["", *transformed], **others)
    said = re.match(r"Your cells import (.*), which the course does not have", table.summary)
    assert bool(said) != (table.summary == PREFLIGHT["ready"])
    assert found["imports"] == ["ok"] * 3
    return said[1].split(", ") if said else []


def of(name, kind=None):
    """A module of this name, or a class or a function that comes from it."""
    if kind is None:
        return types.ModuleType(name)
    made = type("Made", (), {}) if kind is type else lambda: None
    made.__module__ = name
    return made


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["import seaborn as sns"], ["seaborn"]),
        (["import numpy as np, torch.nn.functional as F"], ["torch"]),
        (["from tqdm.auto import tqdm"], ["tqdm"]),
        (["def scale(x):\n    if x:\n        import jax\n    return x"], ["jax"]),
        (["import torch", "import seaborn", "import torch"], ["seaborn", "torch"]),
        (["%matplotlib inline\nimport pandas as pd\n!ls"], ["pandas"]),
        (["this is no Python", "'\\d'\nimport torch"], ["torch"]),
        (["try:\n    import torch\nexcept ValueError:\n    pass"], ["torch"]),
        (["try:\n    import torch\nexcept ImportError:\n    torch = None", "import torch"], ["torch"]),
    ],
)
def test_preflight_names_an_import_that_the_course_does_not_have(cells, names):
    assert imported(cells) == names


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["%matplotlib inline\n%pip install torch\n!pip install torch\n?str"],
        ["%%time\nsum([])", "%%bash\nimport torch"],
        ["import math, os.path, __future__, random, json, collections.abc", "from dataclasses import dataclass"],
        ["import scipy.stats, joblib, threadpoolctl, sklearn.datasets, matplotlib.pyplot as plt, mpl_toolkits"],
        ["import ipywidgets, PIL.Image\nfrom IPython.display import display", "import jupyterlab, nbformat"],
        ["from init_utils import *\nimport public_tests", "from . import torch"],
        ["try:\n    import torch\nexcept ImportError:\n    torch = None"],
        ["try:\n    from torch import nn\nexcept (ValueError, ModuleNotFoundError):\n    import tensorflow"],
        ["try:\n    import torch\nexcept:\n    pass\nelse:\n    import torchvision"],
        ["from contextlib import suppress\nwith suppress(ImportError):\n    import torch"],
        ["import = torch", 'text = "import torch"  # import torch', "\0"],
    ],
)
def test_preflight_names_no_import_that_the_grader_can_do_without(cells):
    assert imported(cells) == []


def test_preflight_sees_imports_by_what_they_have_left_behind():
    left = {
        "sns": of("seaborn"),
        "Net": of("torch.nn", type),
        "bar": of("tqdm.std", types.FunctionType),
        "_": of("jax"),
    }
    assert imported([], **left) == ["seaborn", "torch", "tqdm"]
    guarded = "try:\n    import torch, tqdm, seaborn\nexcept ImportError:\n    pass"
    assert imported([guarded], **left) == []
    ours = {
        "plt": of("matplotlib.pyplot"),
        "f": of("init_utils", types.FunctionType),
        "g": of(None, types.FunctionType),
    }
    assert imported([], **ours, here=of("__main__", type), c=Counter) == []


@pytest.mark.parametrize("In", [None, 3, "import torch", [None, 3, Liar()], Liar()])
def test_preflight_needs_no_list_of_what_was_run(In):
    assert looked_at(READY, In=In)[1].summary == PREFLIGHT["ready"]


def test_preflight_takes_a_module_that_lies_beside_the_notebook(tmp_path, monkeypatch):
    (tmp_path / "my_scales.py").write_text("factor = 10")
    assert imported(["import my_scales"]) == ["my_scales"]
    monkeypatch.chdir(tmp_path)
    assert imported(["import my_scales, torch"]) == ["torch"]


@pytest.mark.parametrize("line", ["sns.set_theme()", "import seaborn.utils"])
def test_preflight_says_which_exercise_needs_the_package(line):
    solution = cell("he", SOLUTION).replace(
        "    parameters = {}\n", f"    if not layers_dims:\n        {line}\n    parameters = {{}}\n"
    )
    found, table = looked_at([*READY[:2], solution], sns=of("seaborn"), In=["import seaborn as sns"])
    assert found["imports"] == ["ok", "ok", "uses seaborn, which the course does not have"]
    assert "Not ready yet: exercise 3 (He)." in table.summary and table.summary.startswith("Your cells import seaborn,")


def test_the_packages_of_the_course_are_those_that_its_requirements_bring():
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    asked = {canonicalize_name(Requirement(line).name) for line in lines if line}
    brought, left = set(), set(asked)
    while left:
        brought.add(name := left.pop())
        with suppress(metadata.PackageNotFoundError):
            needs = map(Requirement, metadata.requires(name) or [])
            plain = (need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""}))
            left |= {canonicalize_name(need.name) for need in plain} - brought
    sources = metadata.packages_distributions()
    installed = {name: set(map(canonicalize_name, sources[name])) for name in COURSE & set(sources)}
    assert [name for name, packages in installed.items() if not packages & brought] == []
    assert asked - set.union(*installed.values()) <= {"sandlock"}  # Linux alone has it


def test_preflight_takes_whatever_can_be_called():
    calls = "class Start:\n    def __call__(self, layers_dims):\n        return plain(layers_dims)\n\n"
    wrapped = "\nplain = {0}\n" + calls + "{0} = Start()\n"
    found, table = looked_at([READY[0] + wrapped.format("initialize_parameters_zeros"), *READY[1:]])
    assert found["there"][0] == found["checks"][0] == "ok"
    assert table.summary == PREFLIGHT["ready"]


@pytest.mark.parametrize("ready", [READY, READY[:2]])
def test_preflight_always_says_what_costs_nothing(ready):
    _, table = looked_at(ready)
    assert "Extra cells, extra variables and prints cost nothing." in table.summary


@pytest.mark.parametrize("value", [None, 3, Liar(), np.zeros(3), len, type, {}])
def test_preflight_never_raises(value):
    names = [f"initialize_parameters_{name}" for name in CHECKS]
    table = preflight(dict.fromkeys(names, value))
    assert "<table>" in table._repr_html_() and PREFLIGHT["caption"] in repr(table)


def test_preflight_table_is_escaped_and_has_headers():
    hostile = cell("he", SOLUTION).replace("    L =", "    raise ValueError('<script>alert(1)</script>')\n    L =")
    _, table = looked_at([*READY[:2], hostile])
    page = table._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert page.count('<th scope="col"') == 5 and page.count('<th scope="row"') == len(PREFLIGHT["rows"])
    assert "<caption>" in page


def test_preflight_leaves_the_random_state_alone():
    np.random.seed(5)
    expected = np.random.randn(3)
    np.random.seed(5)
    looked_at(READY)
    looked_at(
        [
            solution.replace("    return", "    if not layers_dims:\n        raise NotImplementedError\n    return")
            for solution in READY
        ]
    )
    np.testing.assert_array_equal(np.random.randn(3), expected)


def test_checks_of_a_right_answer_take_no_time():
    started = time.process_time()
    for answer in RIGHT[:3]:
        CHECKS[answer.exercise](function_of(answer.source, f"initialize_parameters_{answer.exercise}"))
    assert time.process_time() - started < 1
