"""Assignments about other things than this project's own, as data: whatever nbgrader grades is graded as nbgrader grades it.

``plain`` is what an unmodified nbgrader 0.9.6 gives; `test_foreign.py` asks it again in every run.
"""

import json
import pickle
import re
from dataclasses import dataclass, field

import nbformat


@dataclass(frozen=True)
class Assignment:
    """One assignment, and two submissions: its own reference solution, and a wrong one.

    Attributes
    ----------
    name : str
    text : dict of str to str
        By the name of a notebook, its cells, each below a line ``#:kind``: given, sol, test POINTS, manual POINTS (code for
        a person), essay POINTS (words for a person), task POINTS, text, free (no marks), bare (marks without a grade_id)
        or broken (a given cell that is tagged raises-exception). An empty name is the assignment's.
    wrong : tuple of pairs of str
        What is replaced by what in the solution cells of the wrong submission; without any, it is the untouched release.
    tampered : tuple of pairs of str
        What is replaced in its locked cells.
    plain : tuple of two floats
        What an unmodified nbgrader gives the reference solution and the wrong submission.
    files : dict of str to str or bytes
        What lies beside the notebooks.
    needs : str
        A package without which the case is left out.
    language : str
        The kernel's; an assignment in another language than Python is ``refused``, in one sentence.
    bare : bool
        The notebook does not say which kernel it is for.
    minor : int
        Of the notebook's format; before 5, cells have no ids.
    """

    name: str
    text: dict
    wrong: tuple = ()
    tampered: tuple = ()
    plain: tuple = (None, 0)
    files: dict = field(default_factory=dict)
    needs: str = ""
    language: str = "python"
    refused: bool = False
    bare: bool = False
    minor: int = 5


def case(name, text, wrong=(), plain=(None, 0), files=None, notebook="", kernel="python", **more):
    """Return an assignment; without a figure, its reference solution gets all points that tests give."""
    texts = {notebook: text} if isinstance(text, str) else text
    points = sum(float(one) for part in texts.values() for one in re.findall(r"^#:test (\S+)", part, re.MULTILINE))
    plain = (points if plain[0] is None else plain[0], plain[1])
    return Assignment(name, texts, tuple(wrong), plain=plain, files=files or {}, language=kernel, **more)


F = "#:sol\ndef f(x):\n    return 2 * x\n"  # the least solution

AUTOTESTS = '''python3:
  setup: "from hashlib import sha1"
  hash: 'sha1({{snippet}}.encode("utf-8")+b"{{salt}}").hexdigest()'
  dispatch: "type({{snippet}})"
  normalize: "str({{snippet}})"
  check: 'assert {{snippet}} == """{{value}}""", """{{message}}"""'
  success: "print('Success!')"
  templates:
    default:
      - test: "type({{snippet}})"
        fail: "another kind"
      - test: "{{snippet}}"
        fail: "another value"
'''

# what the given cells set, and who changes it
GIVEN = [
    case(
        "given name changed where it stands",
        """#:given
import numpy as np
x = np.arange(3.0)
x += 1
#:sol
def total(values):
    return float(np.sum(values))
#:test 2
assert total(x) == 6
""",
        [("np.sum", "np.max")],
    ),
    case(
        "given list filled by a loop",
        """#:given
data = []
for i in range(3):
    data.append(i)
#:sol
def total(values):
    return sum(values)
#:test 1
assert total(data) == 3
""",
        [("sum(values)", "len(values) + 1")],
    ),
    case(
        "student appends to a given list",
        """#:given
found = []
#:sol
for n in (1, 2):
    found.append(n)
#:test 1
assert found == [1, 2]
""",
    ),
    case(
        "given star import",
        """#:given
from math import *
#:sol
def root(x):
    return sqrt(x)
#:test 1
assert root(4) == 2
#:test 1
assert abs(root(pi) - sqrt(pi)) < 1e-9
""",
        [("sqrt(x)", "x / 2")],
        plain=(None, 1),
    ),
    case(
        "given result of the student's function",
        """#:sol
def double(x):
    return 2 * x
#:given
result = [double(n) for n in range(3)]
#:test 2
assert result == [0, 2, 4]
""",
        [("2 * x", "x")],
    ),
    case(
        "calls of a library on given arrays",
        """#:given
import numpy as np
a = np.eye(2)
a1 = a + 1
np.linalg.matrix_rank(a1)
#:sol
def total(values):
    return float(values.sum())
#:test 1
assert total(a) == 2
assert total(a1) == 6
""",
        [("values.sum()", "values.max()")],
    ),
    case(
        "given names changed in every way",
        """#:given
x = 7
x //= 2
x **= 2
word, table, flags = "a", {"a": 1}, {1, 2}
word *= 3
table |= {"b": 2}
flags -= {1}
first, *rest = range(4)
del first
if (size := len(rest)) > 1:
    rest[0] += size
#:sol
def joined():
    return x, word, table, flags, rest
#:test 1
assert joined()[:2] == (9, "aaa")
#:test 1
assert joined()[2:] == ({"a": 1, "b": 2}, {2}, [4, 2, 3]) and "first" not in globals()
""",
        [("table, flags", "table, {1, 2}")],
        plain=(None, 1),
    ),
    case(
        "given names from with, for, try and a comprehension",
        """#:given
import io
with io.StringIO("3 4 x") as handle:
    words = handle.read().split()
numbers, bad = [], 0
for word in words:
    try:
        numbers.append(int(word))
    except ValueError:
        bad += 1
squares = {n: n * n for n in numbers}
#:sol
def total():
    return sum(squares.values()) - bad
#:test 1
assert total() == 24 and word == "x" and handle.closed
""",
        [("- bad", "")],
    ),
    case(
        "a given counter that the student's function raises",
        """#:given
calls = 0
#:sol
def f(x):
    global calls
    calls += 1
    return 2 * x
#:test 1
assert [f(1), f(2)] == [2, 4]
#:test 1
assert calls == 2
""",
        [("calls += 1", "calls = 1")],
        plain=(None, 1),
    ),
    case(
        "a given cell between two solution cells",
        """#:sol
values = [3, 1, 2]
#:given
values.sort()
top = values[-1]
#:sol
def over(n):
    return [v for v in values if v > n]
#:test 1
assert top == 3
#:test 1
assert over(1) == [2, 3]
""",
        [("v > n", "v >= n")],
        plain=(None, 1),
    ),
    case(
        "a solution cell rebinds a given name",
        """#:given
data = [1, 2, 3]
def mean(values):
    return sum(values) / len(values)
#:sol
data = [v * 10 for v in data]
#:given
average = mean(data)
#:test 2
assert average == 20
""",
        [("v * 10", "v + 10")],
    ),
    case(
        "a given function that calls the student's",
        """#:given
def twice(x):
    return step(step(x))
#:sol
def step(x):
    return x + 3
#:test 1
assert twice(1) == 7
""",
        [("x + 3", "x * 3")],
    ),
    case(
        "a given dataclass",
        """#:given
from dataclasses import dataclass, field
@dataclass
class Item:
    name: str
    price: float = 0.0
    tags: list = field(default_factory=list)
#:sol
def cheapest(items):
    best = min(items, key=lambda item: item.price)
    best.tags.append("cheap")
    return best
def sale(item):
    return Item(item.name, item.price / 2)
#:test 1
items = [Item("a", 2.0), Item("b", 1.0)]
assert cheapest(items) is items[1] and items[1].tags == ["cheap"]
#:test 1
assert isinstance(sale(items[0]), Item) and sale(items[0]) == Item("a", 1.0)
""",
        [("item.price / 2", "item.price / 4")],
        plain=(None, 1),
    ),
    case(
        "a given base class",
        """#:given
from abc import ABC, abstractmethod
class Shape(ABC):
    made = []
    def __init__(self):
        Shape.made.append(self)
    @abstractmethod
    def area(self): ...
    def describe(self):
        return f"{type(self).__name__} of {self.area():g}"
#:sol
class Square(Shape):
    def __init__(self, side):
        super().__init__()
        self.side = side
    def area(self):
        return self.side ** 2
#:test 1
assert issubclass(Square, Shape) and Square(3).describe() == "Square of 9"
#:test 1
assert [type(shape) for shape in Shape.made] == [Square]
""",
        [("super().__init__()", "pass")],
        plain=(None, 1),
    ),
    case(
        "given star imports of libraries",
        """#:given
from numpy import *
from collections import *
#:sol
def root(values):
    return sqrt(array(values)).tolist()
def order(text):
    return OrderedDict.fromkeys(text)
#:test 1
assert root([4, 9]) == [2, 3]
#:test 1
assert list(order("aba")) == ["a", "b"]
""",
        [
            ("OrderedDict.fromkeys(text)", "OrderedDict.fromkeys(text[::-1])"),
            ("sqrt(array(values))", "sqrt(array(values)) + 1"),
        ],
    ),
    case(
        "draws of NumPy go on across cells",
        """#:given
import numpy as np
np.random.seed(5)
#:sol
first = np.random.rand()
def noise(n):
    return np.random.rand(n)
#:test 1
second = np.random.rand()
np.random.seed(5)
assert [first, second] == np.random.rand(2).tolist()
#:test 1
np.random.seed(1)
mine = noise(2)
np.random.seed(1)
assert (mine == np.random.rand(2)).all()
""",
        [("return np.random.rand(n)", "return np.random.default_rng(1).random(n)")],
        plain=(None, 1),
    ),
    case(
        "a given cell needs a right answer",
        """#:sol
def add(a, b):
    return a + b
#:given
total = {3: "three"}[add(1, 2)]
#:test 1
assert add(0, 0) == 0
#:test 1
assert total == "three"
""",
        [("a + b", "a * b")],
        plain=(None, 1),
    ),
]

# what solution cells define
SOLUTIONS = [
    case(
        "import in the solution cell",
        """#:sol
import math
def area(r):
    return math.pi * r ** 2
#:test 1
assert math.isclose(area(2), 4 * math.pi)
""",
        [("r ** 2", "r * 2 + 1")],
    ),
    case(
        "variables as answers",
        """#:sol
a, (b, *c) = 1, (2, 3, 4)
for last in range(3):
    total = last
#:test 1
assert (a, b) == (1, 2)
#:test 1
assert c == [3, 4]
#:test 1
assert last == 2 and total == 2
""",
        [("3, 4", "3")],
        plain=(None, 2),
    ),
    case(
        "two solution cells set one name",
        """#:sol
v = 1
#:test 1
assert v == 1
#:sol
v = 2
#:test 1
assert v == 2
""",
        [("v = 2", "v = 3")],
        plain=(None, 1),
    ),
    case(
        "functions that call each other across cells",
        """#:sol
def even(n):
    return n == 0 or odd(n - 1)
#:sol
def odd(n):
    return n != 0 and even(n - 1)
#:test 2
assert even(10) and odd(7) and not odd(4)
""",
        [("even(n - 1)", "even(n)")],
    ),
    case(
        "a class and its objects",
        """#:sol
class Account:
    def __init__(self, balance=0):
        self.balance = balance
    def pay(self, amount):
        if amount > self.balance:
            raise ValueError("not enough")
        self.balance -= amount
#:test 2
account = Account(5)
account.pay(2)
assert account.balance == 3
#:test 1
try:
    Account().pay(1)
except ValueError as error:
    assert str(error) == "not enough"
else:
    raise AssertionError
""",
        [("self.balance -= amount", "pass")],
        plain=(None, 1),
    ),
    case(
        "operators of a class",
        """#:sol
class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)
    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)
    def __repr__(self):
        return f"Vector({self.x}, {self.y})"
#:test 2
assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)
assert repr(Vector(1, 2)) == "Vector(1, 2)"
""",
        [("self.y + other.y", "self.y - other.y")],
    ),
    case(
        "objects of a given class",
        """#:given
class Node:
    def __init__(self, value, below=()):
        self.value, self.below = value, below
#:sol
def depth(node):
    return 1 + max(map(depth, node.below), default=0)
#:test 1
assert depth(Node(1, [Node(2), Node(3, [Node(4)])])) == 3
""",
        [("1 + max", "max")],
    ),
    case(
        "generator",
        """#:sol
def count(n):
    while True:
        yield n
        n += 1
#:test 1
import itertools
assert list(itertools.islice(count(3), 3)) == [3, 4, 5]
""",
        [("n += 1", "n += 2")],
    ),
    case(
        "closure",
        """#:sol
def adder(n):
    return lambda x: x + n
#:test 1
assert adder(2)(3) == 5
""",
        [("x + n", "x - n")],
    ),
    case(
        "error class of the student",
        """#:sol
class TooLarge(Exception):
    pass
def check(n):
    if n > 9:
        raise TooLarge(n)
#:test 1
try:
    check(10)
except TooLarge as error:
    assert error.args == (10,)
else:
    raise AssertionError("nothing was raised")
""",
        [("n > 9", "n > 99")],
    ),
    case(
        "coroutine, awaited in the test",
        """#:sol
async def answer():
    return 42
#:test 1
assert await answer() == 42
""",
        [("42", "41")],
    ),
    case(
        "memory in a global counter",
        """#:sol
count = 0
def tick():
    global count
    count += 1
    return count
#:test 1
assert [tick(), tick()] == [1, 2]
#:test 1
assert count == 2 and tick() == 3
""",
        [("count += 1", "count += 2")],
    ),
    case(
        "a decorator of the student",
        """#:sol
import functools
def twice(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs), function(*args, **kwargs)
    return inner
#:test 1
@twice
def add(a, b=1):
    "Add."
    return a + b
assert add(1, b=2) == (3, 3)
#:test 1
assert add.__name__ == "add" and add.__doc__ == "Add." and add.__wrapped__(1) == 2
""",
        [("    @functools.wraps(function)\n", "")],
        plain=(None, 1),
    ),
    case(
        "recursion with a cache",
        """#:sol
from functools import lru_cache
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
#:test 1
assert fib(80) == 23416728348467685
#:test 1
assert fib.cache_info().hits > 10
""",
        [("fib(n - 2)", "fib(n - 1)")],
        plain=(None, 1),
    ),
    case(
        "properties, class methods and inheritance",
        """#:sol
class Temperature:
    made = 0
    def __init__(self, celsius):
        self.celsius = celsius
        Temperature.made += 1
    @property
    def celsius(self):
        return self._celsius
    @celsius.setter
    def celsius(self, value):
        if value < -273.15:
            raise ValueError("too cold")
        self._celsius = value
    @classmethod
    def of_kelvin(cls, kelvin):
        return cls(kelvin - 273.15)
    @staticmethod
    def is_warm(value):
        return value > 20
class Loud(Temperature):
    def __str__(self):
        return f"{self.celsius:g}!"
#:test 1
one = Loud.of_kelvin(273.15)
assert isinstance(one, Loud) and isinstance(one, Temperature) and str(one) == "0!"
#:test 1
try:
    one.celsius = -300
except ValueError:
    pass
else:
    raise AssertionError("so cold")
#:test 1
assert Temperature.made == 1 and Temperature.is_warm(21) and isinstance(Temperature.celsius, property)
""",
        [("raise ValueError", "return ("), ("return cls", "return Temperature")],
        plain=(None, 0),
    ),
    case(
        "a dataclass and an enumeration of the student",
        """#:sol
from dataclasses import dataclass
from enum import Enum, auto
class Suit(Enum):
    HEARTS = "h"
    SPADES = "s"
@dataclass(order=True, frozen=True)
class Card:
    value: int
    suit: Suit = Suit.SPADES
#:test 1
assert Suit("h") is Suit.HEARTS and Suit["SPADES"].value == "s" and [suit.name for suit in Suit] == ["HEARTS", "SPADES"]
#:test 1
cards = [Card(3), Card(1)]
assert sorted(cards)[0].value == 1 and {Card(3)} == {cards[0]} and repr(Card(3)).startswith("Card(value=3")
#:test 1
import dataclasses
try:
    cards[0].value = 9
except dataclasses.FrozenInstanceError:
    pass
else:
    raise AssertionError("changed")
""",
        [("order=True, frozen=True", "order=True")],
        plain=(None, 1),
    ),
    case(
        "a container with all that belongs to one",
        """#:sol
class Bag:
    __slots__ = ("items",)
    def __init__(self, *items):
        self.items = list(items)
    def __len__(self):
        return len(self.items)
    def __iter__(self):
        return iter(sorted(self.items))
    def __contains__(self, item):
        return item in self.items
    def __getitem__(self, at):
        return self.items[at]
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.items.clear()
        return error[0] is KeyError
    def __call__(self, item):
        self.items.append(item)
        return self
#:test 1
bag = Bag(3, 1)
assert len(bag(2)) == 3 and list(bag) == [1, 2, 3] and 2 in bag and bag[-1] == 2 and not hasattr(bag, "__dict__")
#:test 1
with bag as same:
    assert same is bag
    raise KeyError("swallowed")
#:test 1
assert not bag
""",
        [("error[0] is KeyError", "False")],
        plain=(None, 2),
    ),
    case(
        "generators that are sent to and closed",
        """#:sol
ended = []
def mean():
    total, count, value = 0, 0, None
    try:
        while True:
            sent = yield value
            total, count = total + sent, count + 1
            value = total / count
    finally:
        ended.append(count)
def both(a, b):
    yield from a
    return (yield from b)
#:test 1
running = mean()
next(running)
assert [running.send(2), running.send(4)] == [2, 3]
#:test 1
running.close()
assert ended == [2] and list(both("ab", "c")) == ["a", "b", "c"]
""",
        [("total / count", "total")],
        plain=(None, 1),
    ),
    case(
        "closures that remember, and a function that is built",
        """#:sol
from functools import partial, reduce
def account(balance):
    def pay(amount):
        nonlocal balance
        balance -= amount
        return balance
    return pay
compose = lambda *functions: reduce(lambda f, g: lambda x: g(f(x)), functions)
power = partial(pow, 2)
#:test 1
pay = account(10)
assert (pay(1), pay(2)) == (9, 7) and account(5)(1) == 4
#:test 1
assert compose(abs, str, len)(-12) == 2 and power(3) == 8 and power.args == (2,)
""",
        [("balance -= amount", "balance = 10 - amount")],
        plain=(None, 1),
    ),
    case(
        "errors that are chained, and what is matched",
        """#:sol
class Missing(KeyError):
    def __init__(self, key, place):
        super().__init__(key)
        self.place = place
def find(table, key):
    try:
        return table[key]
    except KeyError as error:
        raise Missing(key, "table") from error
def kind(value):
    match value:
        case {"x": int(x)}:
            return f"x={x}"
        case [first, *_]:
            return f"list of {first}"
        case _:
            return "other"
#:test 1
try:
    find({}, "k")
except Missing as error:
    assert error.place == "table" and isinstance(error.__cause__, KeyError) and isinstance(error, LookupError)
else:
    raise AssertionError("found")
#:test 1
assert [kind({"x": 3}), kind([1, 2]), kind("ab")] == ["x=3", "list of 1", "other"]
""",
        [(" from error", " from None")],
        plain=(None, 1),
    ),
    case(
        "coroutines in all forms",
        """#:sol
import asyncio
async def ticks(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i
async def both(*waiting):
    return await asyncio.gather(*waiting)
class Room:
    async def __aenter__(self):
        return "in"
    async def __aexit__(self, *error):
        return True
#:test 1
assert [i async for i in ticks(3)] == [0, 1, 2]
#:test 1
async with Room() as room:
    assert room == "in"
    raise ValueError
#:test 1
assert await both(asyncio.sleep(0, "a"), asyncio.sleep(0, "b")) == ["a", "b"]
""",
        [("return True", "return False")],
        plain=(None, 2),
    ),
    case(
        "a class that the test subclasses",
        """#:sol
from abc import ABC, abstractmethod
class Animal(ABC):
    @abstractmethod
    def sound(self):
        pass
    def speak(self, times=1):
        return " ".join([self.sound()] * times)
#:test 1
class Cat(Animal):
    def sound(self):
        return "meow"
assert Cat().speak(2) == "meow meow"
#:test 1
try:
    Animal()
except TypeError:
    pass
else:
    raise AssertionError("an animal of no kind")
""",
        [("    @abstractmethod\n", "")],
        plain=(None, 1),
    ),
]

# what tests do with it
TESTS = [
    case(
        "test sets a global that the function reads",
        """#:given
rate = 2
#:sol
def price(n):
    return n * rate
#:test 1
rate = 3
assert price(2) == 6
""",
        [("n * rate", "n * 2")],
    ),
    case(
        "test deletes a function and puts it back",
        """#:sol
def squares(n):
    return [i ** 2 for i in range(1, n + 1)]
#:sol
def sum_of_squares(n):
    return sum(squares(n))
#:test 2
kept = squares
del squares
try:
    sum_of_squares(1)
except NameError:
    pass
else:
    raise AssertionError("sum_of_squares does not use squares")
finally:
    squares = kept
""",
        [("sum(squares(n))", "n * (n + 1) * (2 * n + 1) // 6")],
    ),
    case(
        "test replaces a helper of the student",
        """#:sol
def helper(x):
    return x
def use(x):
    return helper(x) + 1
#:test 1
called, kept = [], helper
def helper(x):
    called.append(x)
    return kept(x)
assert use(1) == 2
assert called == [1]
helper = kept
""",
        [("helper(x) + 1", "x + 1")],
    ),
    case(
        "printed text is caught",
        """#:sol
def greet(name):
    print("Hello", name, end="!\\n")
#:test 1
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as out:
    greet("Ann")
assert out.getvalue() == "Hello Ann!\\n"
""",
        [("Hello", "Hi")],
    ),
    case(
        "input is answered",
        """#:sol
def ask():
    return int(input("n? ")) + int(input("m? "))
#:test 1
from unittest import mock
with mock.patch("builtins.input", side_effect=["1", "2"]):
    assert ask() == 3
""",
        [(") + int", ") - int")],
    ),
    case(
        "source, signature and docstring",
        """#:sol
def total(values, start=0):
    \"\"\"Add.\"\"\"
    for v in values:
        start += v
    return start
#:test 1
import inspect
assert "sum(" not in inspect.getsource(total)
#:test 1
assert list(inspect.signature(total).parameters) == ["values", "start"]
#:test 1
assert total.__doc__ == "Add." and total.__name__ == "total"
""",
        [("for v in values:\n        start += v\n    return start", "return sum(values)")],
        plain=(None, 2),
    ),
    case(
        "is there such a name",
        """#:sol
vec = 1
#:test 1
assert "vec" in globals()
#:test 1
assert "vec" in dir()
""",
        [("vec", "vector")],
    ),
    case(
        "unittest in a test",
        """#:sol
def double(x):
    return x * 2
#:test 2
import io, unittest
class Tests(unittest.TestCase):
    def test_number(self):
        self.assertEqual(double(2), 4)
    def test_text(self):
        self.assertEqual(double("a"), "aa")
result = unittest.TextTestRunner(io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))
assert result.wasSuccessful()
""",
        [("x * 2", "x ** 2")],
    ),
    case(
        "numbers drawn after a call that drew",
        """#:given
import random
#:sol
def roll():
    return random.randint(1, 6)
#:test 1
random.seed(1)
one = [roll(), random.random(), roll()]
random.seed(1)
assert one == [random.randint(1, 6), random.random(), random.randint(1, 6)]
""",
        [("1, 6", "2, 7")],
    ),
    case(
        "line in brackets that begins with a percent sign",
        F
        + """#:test 1
assert ("%d"
        % f(1)) == "2"
assert (f(2)
        != 5)
""",
        [("2 * x", "2 * x + 1")],
    ),
    case(
        "exclamation mark in a text of three quotes",
        '#:sol\ndef lines(text):\n    return text.split()\n#:test 1\nassert lines("""\n!one\n%two\n""") == ["!one", "%two"]\n',
        [("split()", "splitlines()")],
    ),
    case(
        "names and dates of another process",
        """#:sol
import os, sys, time
here, started = os.getpid(), time.perf_counter()
def answer():
    return os.getpid()
#:test 1
import os, sys, time
assert answer() == here == os.getpid() and started <= time.perf_counter()
#:test 1
assert sys.modules["__main__"].answer is answer and answer.__module__ == __name__ == "__main__"
""",
        [("return os.getpid()", "return 0")],
        plain=(None, 1),
    ),
    case(
        "errors and warnings are caught",
        """#:sol
import sys, warnings
def old(x):
    warnings.warn("use new", DeprecationWarning)
    print("old", file=sys.stderr)
    return x
#:test 1
import contextlib, io
said = io.StringIO()
with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stderr(said):
    warnings.simplefilter("always")
    assert old(1) == 1
assert [one.category for one in caught] == [DeprecationWarning] and "use new" in str(caught[0].message)
#:test 1
assert said.getvalue() == "old\\n"
""",
        [("DeprecationWarning)", "UserWarning)")],
        plain=(None, 1),
    ),
    case(
        "what a cell printed, by IPython's own magic",
        """#:sol
def greet(name):
    print("Hi", name)
    return 3
#:test 0
%%capture said
greet("Ann")
#:test 1
assert said.stdout == "Hi Ann\\n" and said.stderr == ""
#:test 1
from IPython.utils.capture import capture_output
with capture_output() as again:
    greet("Bob")
    display(5)
assert again.stdout == "Hi Bob\\n" and len(again.outputs) == 1
""",
        [("Hi", "Hello")],
        plain=(None, 0),
    ),
    case(
        "IPython in a test",
        """#:sol
def f(x):
    return 2 * x
#:test 1
assert get_ipython().user_ns["f"](1) == 2
#:test 1
assert "f" in get_ipython().run_line_magic("who_ls", "function")
#:test 1
names = %who_ls function
assert "f" in names and f(2) == 4
#:test 1
said = !echo 3
assert f(int(said[0])) == 6
""",
        [("2 * x", "x + 2")],
        plain=(None, 2),
    ),
    case(
        "a function is timed",
        """#:sol
def f(x):
    return 2 * x
#:test 1
best = %timeit -o -q -n1 -r1 f(1)
assert best.best < 60 and f(1) == 2
#:test 1
import time
begun = time.perf_counter()
f(1)
assert time.perf_counter() - begun < 60
#:test 1
%%time
assert f(3) == 6
""",
        [("2 * x", "x * x")],
        plain=(None, 1),
    ),
    case(
        "what was typed",
        """#:sol
def total(values):
    return sum(values)
#:test 1
typed = [text for text in In[:-1] if "def total" in text]
assert len(typed) == 1 and "for" not in typed[0]
#:test 1
assert In[1] == _ih[1] and "total" in _ih[1] and _i2 == In[2]
#:test 1
assert total([1, 2]) == 3
""",
        [("return sum(values)", "s = 0\n    for v in values:\n        s += v\n    return s")],
        plain=(None, 2),
    ),
    case(
        "the tree of the source",
        """#:sol
def evens(values):
    return [v for v in values if v % 2 == 0]
#:test 1
import ast, inspect
tree = ast.parse(inspect.getsource(evens))
assert any(isinstance(node, ast.ListComp) for node in ast.walk(tree))
assert not any(isinstance(node, ast.For) for node in ast.walk(tree))
#:test 1
assert evens.__code__.co_argcount == 1 and evens.__code__.co_varnames[0] == "values" and evens.__defaults__ is None
#:test 1
assert evens(range(5)) == [0, 2, 4]
""",
        [("return [v for v in values if v % 2 == 0]", "return list(filter(lambda v: v % 2 == 0, values))")],
        plain=(None, 2),
    ),
    case(
        "mocks of every kind",
        """#:sol
import time
def helper(x):
    return x
def wait(seconds, done):
    time.sleep(seconds)
    done("done", at=helper(seconds))
#:test 1
from unittest import mock
with mock.patch("time.sleep") as sleep, mock.patch("__main__.helper", return_value=5):
    told = mock.Mock()
    wait(60, told)
sleep.assert_called_once_with(60)
#:test 1
told.assert_called_once_with("done", at=5)
#:test 1
with mock.patch.object(time, "sleep"), mock.patch.dict(globals(), helper=lambda x: -x):
    wait(1, told)
assert told.call_args.kwargs == {"at": -1} and helper(1) == 1
""",
        [("helper(seconds)", "seconds")],
        plain=(None, 1),
    ),
    case(
        "checks of NumPy and of unittest",
        """#:given
import numpy as np
#:sol
def unit(v):
    v = np.asarray(v, float)
    if not v.any():
        raise ValueError("no direction")
    return v / np.linalg.norm(v)
#:test 1
np.testing.assert_allclose(unit([3, 4]), [0.6, 0.8])
np.testing.assert_array_equal(unit([0, 1]), [0, 1])
#:test 1
from unittest import TestCase
with TestCase().assertRaises(ValueError) as caught:
    unit([0, 0])
TestCase().assertIn("direction", str(caught.exception))
#:test 1
TestCase().assertAlmostEqual(unit([1, 1])[0], 0.7071, places=4)
""",
        [("np.linalg.norm(v)", "v.sum()")],
        plain=(None, 1),
    ),
    case(
        "a test makes what the next test and a given cell use",
        """#:sol
def f(x):
    return 2 * x
#:test 1
expected = {1: 2, 2: 4}
got = {n: f(n) for n in expected}
assert got[1] == 2
#:given
pairs = sorted(zip(expected, got.values()))
def check(n):
    assert f(n) == expected[n], f"f({n})"
#:test 1
assert pairs == [(1, 2), (2, 4)]
#:test 1
for n in expected:
    check(n)
""",
        [("2 * x", "x + 1")],
        plain=(None, 1),
    ),
    case(
        "threads and a test that sleeps",
        """#:sol
import threading
lock, done = threading.Lock(), []
def work(n):
    with lock:
        done.append(n)
#:test 1
import threading, time
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
    thread.join()
time.sleep(0.2)
assert sorted(done) == [0, 1, 2] and not lock.locked()
""",
        [("done.append(n)", "done[:] = [n]")],
    ),
    case(
        "types of what is given",
        """#:given
from enum import Enum
class Color(Enum):
    RED, BLUE = 1, 2
class Pixel:
    def __init__(self, color):
        self.color = color
#:sol
def paint(pixel):
    pixel.color = Color.BLUE
    return pixel
def red():
    return Pixel(Color.RED)
#:test 1
one = Pixel(Color.RED)
assert paint(one) is one and one.color is Color.BLUE
#:test 1
assert type(red()) is Pixel and isinstance(red().color, Color) and red().color is Color.RED
""",
        [("Pixel(Color.RED)", "Pixel(1)")],
        plain=(None, 1),
    ),
    case(
        "names are looked up by text",
        """#:sol
def f(x):
    return 2 * x
def g(x):
    return f(x) + 1
#:test 1
assert [globals()[name](1) for name in "fg"] == [2, 3]
#:test 1
assert eval("f(2)") == 4
exec("value = g(2)")
assert value == 5
#:test 1
assert callable(f) and {"f", "g"} <= set(dir()) and vars()["f"] is f and "h" not in locals()
""",
        [("f(x) + 1", "x + 1")],
        plain=(None, 1),
    ),
    case(
        "examples in a docstring",
        """#:sol
def double(x):
    \"\"\"Double.

    >>> double(2)
    4
    >>> double("a")
    'aa'
    \"\"\"
    return x * 2
#:test 1
import doctest
assert doctest.testmod().failed == 0
#:test 1
assert doctest.testmod().attempted == 2
""",
        [("return x * 2", "return x ** 2")],
        plain=(None, 1),
    ),
    case(
        "input is replaced and put back",
        """#:sol
def ask():
    names = []
    while name := input("name? "):
        names.append(name)
    return names
#:test 1
import builtins
answers, kept = iter(["a", "b", ""]), builtins.input
asked = []
builtins.input = lambda prompt="": asked.append(prompt) or next(answers)
try:
    assert ask() == ["a", "b"]
finally:
    builtins.input = kept
#:test 1
answers = iter(["c", ""])
input = lambda prompt="": next(answers)
assert ask() == ["c"]
del input
#:test 1
assert asked == ["name? "] * 3
""",
        [("name? ", "name: ")],
        plain=(None, 2),
    ),
    case(
        "objects are copied and kept",
        """#:sol
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)
    def __hash__(self):
        return hash((self.x, self.y))
#:test 1
import copy, pickle
assert pickle.loads(pickle.dumps(Point(1, 2))) == Point(1, 2)
#:test 1
one = Point([1], 2)
assert copy.copy(one).x is one.x and copy.deepcopy(one).x is not one.x
#:test 1
assert len({Point(1, 2), Point(1, 2)}) == 1
""",
        [("hash((self.x, self.y))", "id(self)")],
        plain=(None, 2),
    ),
]

# what is passed and returned
VALUES = [
    case(
        "function as an argument",
        """#:sol
def apply(f, x):
    return f(x)
#:test 1
assert apply(abs, -1) == 1
#:test 1
assert apply(lambda v: v * 2, 2) == 4
""",
        [("f(x)", "x")],
    ),
    case(
        "iterators as arguments",
        """#:sol
def total(values):
    return sum(values)
#:test 1
assert total(range(3)) == 3
#:test 1
assert total({1: 2}.keys()) == 1
#:test 1
assert total(map(int, "12")) == 3
""",
        [("sum(values)", "3")],
        plain=(None, 2),
    ),
    case(
        "fractions and dates",
        """#:given
import datetime
from fractions import Fraction
#:sol
def twice(x):
    return x + x
def first(year):
    return datetime.date(year, 1, 1)
#:test 1
assert twice(Fraction(1, 2)) == 1
#:test 1
assert first(2020) == datetime.date(2020, 1, 1) and first(2020).weekday() == 2
""",
        [("year, 1, 1", "year, 1, 2")],
        plain=(None, 1),
    ),
    case(
        "named tuples and counters",
        """#:given
from collections import Counter, namedtuple
Point = namedtuple("Point", "x y")
#:sol
def count(text):
    return Counter(text)
def flip(point):
    return Point(point.y, point.x)
#:test 1
assert count("aab").most_common(1) == [("a", 2)]
#:test 1
assert flip(Point(1, 2)).x == 2
""",
        [("Point(point.y, point.x)", "point")],
        plain=(None, 1),
    ),
    case(
        "plain values of every kind",
        """#:given
from pathlib import Path
#:sol
def kinds():
    return [range(3), frozenset("ab"), {1, 2}, b"ab", bytearray(b"cd"), 1 + 2j, None, ..., slice(1, 3), 10 ** 30, -0.0]
def place(name):
    return Path("data") / name
#:test 1
assert [type(v).__name__ for v in kinds()[:6]] == ["range", "frozenset", "set", "bytes", "bytearray", "complex"]
#:test 1
r, frozen, some, text, changed, number, nothing, dots, part, large, zero = kinds()
assert r == range(3) and frozen == set("ab") and some == {2, 1} and text.hex() == "6162" and number.conjugate() == 1 - 2j
#:test 1
assert nothing is None and dots is Ellipsis and [1, 2, 3, 4][part] == [2, 3] and large + 1 == 10 ** 30 + 1 and str(zero) == "-0.0"
#:test 1
assert isinstance(place("a.csv"), Path) and place("a.csv").suffix == ".csv" and place("a.csv").parent.name == "data"
""",
        [("10 ** 30", "1e30"), ('"data"', '"."')],
        plain=(None, 2),
    ),
    case(
        "containers of the library",
        """#:sol
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
def group(words):
    found = defaultdict(list)
    for word in words:
        found[len(word)].append(word)
    return found
def last(values, n):
    return deque(values, maxlen=n)
def letters(text):
    return Counter(text)
def ordered(pairs):
    return OrderedDict(pairs)
#:test 1
made = group(["a", "bb", "c"])
assert made == {1: ["a", "c"], 2: ["bb"]} and made.default_factory is list and made[7] == []
#:test 1
kept = last(range(9), 3)
kept.append(9)
assert kept == __import__("collections").deque([7, 8, 9]) and kept.maxlen == 3
#:test 1
assert letters("aab")["z"] == 0 and letters("ab") + letters("a") == letters("aab")
#:test 1
assert list(ordered([(2, "b"), (1, "a")])) == [2, 1] and ordered([(1, 1)]).move_to_end(1) is None
""",
        [("deque(values, maxlen=n)", "list(values)[-n:]"), ("Counter(text)", "dict(Counter(text))")],
        plain=(None, 2),
    ),
    case(
        "iterators and views are returned",
        """#:sol
def squares(values):
    return map(lambda v: v * v, values)
def pairs(a, b):
    return zip(a, b)
def odd(values):
    return (v for v in values if v % 2)
def keys(table):
    return table.keys()
def numbered(values):
    return enumerate(values, 1)
#:test 1
made = squares([1, 2, 3])
assert isinstance(made, map) and next(made) == 1 and list(made) == [4, 9] and list(made) == []
#:test 1
assert isinstance(pairs([1], [2]), zip) and dict(pairs("ab", [1, 2])) == {"a": 1, "b": 2}
#:test 1
import types
assert isinstance(odd([1]), types.GeneratorType) and sum(odd(range(5))) == 4
#:test 1
table = {"a": 1}
seen = keys(table)
table["b"] = 2
assert seen == {"a", "b"} and isinstance(seen, type({}.keys())) and dict(numbered("x")) == {1: "x"}
""",
        [
            ("return table.keys()", "return list(table)"),
            ("(v for v in values if v % 2)", "[v for v in values if v % 2]"),
        ],
        plain=(None, 2),
    ),
    case(
        "exact numbers and times",
        """#:sol
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
def third():
    return Fraction(1, 3)
def price():
    return Decimal("1.10")
def due(start, days):
    return start + timedelta(days=days)
def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc)
#:test 1
assert third() * 3 == 1 and type(third()) is Fraction and third().denominator == 3
#:test 1
assert price() + price() == Decimal("2.20") and str(price()) == "1.10" and isinstance(price(), Decimal)
#:test 1
assert due(date(2024, 2, 28), 2) == date(2024, 3, 1) and (due(date(2024, 1, 1), 1) - date(2024, 1, 1)).days == 1
#:test 1
assert noon(date(2024, 1, 1)).isoformat() == "2024-01-01T12:00:00+00:00" and noon(date(2024, 1, 1)).utcoffset() == timedelta(0)
""",
        [('"1.10"', "1.10"), (", tzinfo=timezone.utc", "")],
        plain=(None, 2),
    ),
    case(
        "arrays that are no plain ones",
        """#:given
import numpy as np
#:sol
def people():
    return np.array([("Ann", 30), ("Bob", 40)], dtype=[("name", "U10"), ("age", "i4")])
def mixed():
    return np.array([1, "a", None], dtype=object)
def masked(values):
    return np.ma.masked_less(values, 0)
def days():
    return np.arange("2024-01-01", "2024-01-04", dtype="datetime64[D]")
def small(values):
    return np.asarray(values, dtype=np.float32)
#:test 1
assert people()["age"].mean() == 35 and people().dtype.names == ("name", "age") and people()[1]["name"] == "Bob"
#:test 1
assert mixed().dtype == object and mixed()[2] is None and mixed()[1] == "a"
#:test 1
made = masked(np.array([-1, 2, 4]))
assert np.ma.is_masked(made) and made.mean() == 3 and made.mask.tolist() == [True, False, False]
#:test 1
assert days()[-1] == np.datetime64("2024-01-03") and (np.diff(days()) == np.timedelta64(1, "D")).all()
#:test 1
assert small([1]).dtype == np.float32 and isinstance(small([1])[0], np.floating) and small(3).shape == ()
""",
        [("dtype=np.float32", "dtype=float"), ("np.ma.masked_less(values, 0)", "values")],
        plain=(None, 3),
    ),
    case(
        "arrays that share their memory",
        """#:given
import numpy as np
#:sol
def grow(a):
    a *= 2
    return a
def corner(a):
    return a[:2, :2]
def flipped(a):
    return a.T
#:test 1
a = np.ones((3, 3))
assert grow(a) is a and a.sum() == 18
#:test 1
part = corner(a)
part[:] = 0
assert a.sum() == 10 and part.base is a and np.shares_memory(part, a)
#:test 1
assert flipped(np.ones((2, 3))).flags.f_contiguous and flipped(a).base is a
""",
        [("a[:2, :2]", "a[:2, :2].copy()"), ("a *= 2\n    return a", "return a * 2")],
        plain=(None, 1),
    ),
    case(
        "one object in two places",
        """#:sol
def twice(row):
    return [row, row]
def ring():
    made = [1]
    made.append(made)
    return made
def sort(values):
    values.sort()
def same(value):
    return value
#:test 1
rows = twice([0])
rows[0].append(1)
assert rows == [[0, 1], [0, 1]] and rows[0] is rows[1]
#:test 1
assert ring()[1][1][0] == 1
#:test 1
values = [3, 1]
assert sort(values) is None and values == [1, 3]
#:test 1
thing = object()
assert same(thing) is thing and same(twice) is twice
""",
        [("[row, row]", "[row, list(row)]"), ("values.sort()", "return sorted(values)")],
        plain=(None, 2),
    ),
    case(
        "kinds of the student's own",
        """#:sol
from typing import NamedTuple
class Point(NamedTuple):
    x: int
    y: int = 0
class Table(dict):
    def __missing__(self, key):
        return key * 2
class Metres(float):
    unit = "m"
class Stack(list):
    def push(self, item):
        self.append(item)
        return self
def maker(name):
    return type(name, (Stack,), {"name": name})
#:test 1
assert Point(1) == (1, 0) and Point(1)._replace(y=2).y == 2 and Point._fields == ("x", "y") and isinstance(Point(1), tuple)
#:test 1
assert Table(a=1)["a"] == 1 and Table()["b"] == "bb" and isinstance(Table(), dict)
#:test 1
assert Metres(2) + 1 == 3 and Metres(2).unit == "m" and Stack().push(1).push(2)[::-1] == [2, 1]
#:test 1
assert maker("Pile").name == "Pile" and issubclass(maker("Pile"), list) and maker("Pile")([1]).push(2) == [1, 2]
""",
        [("key * 2", "None"), ("        return self\n", "")],
        plain=(None, 1),
    ),
    case(
        "a table of pandas",
        """#:given
import pandas as pd
#:sol
def totals(frame):
    return frame.groupby("who", as_index=False)["paid"].sum()
#:test 1
frame = pd.DataFrame({"who": ["a", "b", "a"], "paid": [1, 2, 3]})
pd.testing.assert_frame_equal(totals(frame), pd.DataFrame({"who": ["a", "b"], "paid": [4, 2]}))
#:test 1
assert totals(frame).loc[0, "paid"] == 4 and list(totals(frame).columns) == ["who", "paid"]
""",
        [(".sum()", ".max()")],
        needs="pandas",
    ),
    case(
        "the axes of a plot",
        """#:given
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
#:sol
def draw(values):
    figure, axes = plt.subplots()
    axes.plot(values)
    axes.set_title("Values")
    return axes
#:test 1
axes = draw([1, 4, 9])
assert axes.get_title() == "Values" and axes.lines[0].get_ydata().tolist() == [1, 4, 9]
#:test 1
assert plt.gca() is axes and len(plt.get_fignums()) == 1
plt.close("all")
""",
        [("Values", "values")],
        plain=(None, 1),
    ),
]

# what lies beside the notebook
FILES = [
    case(
        "data file",
        """#:given
with open("data.csv") as file:
    rows = [line.split(",") for line in file.read().split()]
#:sol
def total(rows):
    return sum(float(row[1]) for row in rows)
#:test 1
assert total(rows) == 3.5
""",
        [("row[1]", "1")],
        files={"data.csv": "a,1\nb,2.5\n"},
    ),
    case(
        "helper package",
        """#:given
from tools.shapes import area
#:sol
def two(w, h):
    return 2 * area(w, h)
#:test 1
assert two(2, 3) == 12
""",
        [("2 * area", "area")],
        files={"tools/__init__.py": "", "tools/shapes.py": "def area(w, h):\n    return w * h\n"},
    ),
    case(
        "files of several kinds in folders",
        """#:given
import csv, json, pickle
from pathlib import Path
with open("data/people.csv", newline="") as file:
    people = list(csv.DictReader(file))
settings = json.loads(Path("data/more/settings.json").read_text())
with open("data/more/kept.pickle", "rb") as file:
    kept = pickle.load(file)
words = Path("words.txt").read_text(encoding="utf-8").split()
#:sol
def oldest():
    return max(people, key=lambda one: int(one["age"]))["name"]
def limit():
    return settings["limit"] + kept["more"]
#:test 1
assert oldest() == "Bob"
#:test 1
assert limit() == 7
#:test 1
assert words == ["Köln", "Łódź"] and sorted(p.name for p in Path("data").iterdir()) == ["more", "people.csv"]
""",
        [("max(people", "min(people")],
        plain=(None, 2),
        files={
            "data/people.csv": "name,age\nAnn,30\nBob,40\n",
            "data/more/settings.json": '{"limit": 4}',
            "data/more/kept.pickle": pickle.dumps({"more": 3}),
            "words.txt": "Köln Łódź\n",
        },
    ),
    case(
        "a package in a folder, with its own data",
        """#:given
import sys
sys.path.insert(0, "lib")
import shapes
from shapes.flat import Square
#:sol
def largest(squares):
    return max(squares, key=Square.area)
#:test 1
assert largest([Square(1), Square(3)]).side == 3
#:test 1
assert isinstance(largest([Square(1)]), shapes.flat.Square) and shapes.names() == ["square"]
""",
        [("max(squares", "min(squares")],
        plain=(None, 1),
        files={
            "lib/shapes/__init__.py": "from pathlib import Path\nfrom . import flat\ndef names():\n    return (Path(__file__).parent / 'names.txt').read_text().split()\n",
            "lib/shapes/flat.py": "class Square:\n    def __init__(self, side):\n        self.side = side\n    def area(self):\n        return self.side ** 2\n",
            "lib/shapes/names.txt": "square\n",
        },
    ),
    case(
        "a test writes a file, the student reads it",
        """#:sol
def lines(path):
    with open(path) as file:
        return [line.strip() for line in file]
#:test 1
with open("mine.txt", "w") as file:
    file.write("a\\n b \\n")
assert lines("mine.txt") == ["a", "b"]
#:test 1
import os, tempfile
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.txt")
    with open(path, "w") as file:
        print("one", file=file)
    assert lines(path) == ["one"]
#:test 1
assert os.path.exists("mine.txt") and os.listdir() != []
""",
        [("line.strip()", "line")],
        plain=(None, 1),
    ),
    case(
        "the student writes a file, a test reads it",
        """#:sol
import json
from pathlib import Path
Path("made").mkdir(exist_ok=True)
def save(value, name):
    with open(f"made/{name}.json", "w") as file:
        json.dump(value, file, indent=1)
#:test 1
save({"a": [1, 2]}, "one")
import json
with open("made/one.json") as file:
    assert json.load(file) == {"a": [1, 2]}
#:test 1
save("x", "two")
assert sorted(path.stem for path in Path("made").glob("*.json")) == ["one", "two"]
""",
        [('"w") as file', '"w") as file, open("made/other.json", "w")'), ("json.dump(value", "json.dump([value]")],
    ),
    case(
        "arrays and a database in files",
        """#:given
import sqlite3
import numpy as np
np.save("grid.npy", np.arange(6).reshape(2, 3))
base = sqlite3.connect("shop.db")
base.executescript("create table sold (what text, n int); insert into sold values ('a', 1), ('a', 2), ('b', 5)")
#:sol
def rows():
    return np.load("grid.npy").sum(axis=1)
def sold(what):
    return base.execute("select sum(n) from sold where what = ?", [what]).fetchone()[0]
#:test 1
assert rows().tolist() == [3, 12]
#:test 1
assert sold("a") == 3 and sold("b") == 5
#:test 1
assert sold("c") is None
""",
        [("sum(n)", "count(n)")],
        plain=(None, 1),
    ),
    case(
        "a test runs a script",
        """#:sol
def f(x):
    return 2 * x
#:test 1
%run -i script.py
assert answer == 6
#:test 1
%run alone.py 8
assert value == f(4)
""",
        [("2 * x", "x + 2")],
        files={"script.py": "answer = f(3)\n", "alone.py": "import sys\nvalue = int(sys.argv[1])\nprint(value)\n"},
    ),
    case(
        "a helper module is changed by a test",
        """#:given
import config
#:sol
def scaled(x):
    return x * config.factor
#:test 1
assert scaled(2) == 6
#:test 1
config.factor = 5
assert scaled(2) == 10
#:test 1
import importlib
importlib.reload(config)
assert scaled(2) == 6
""",
        [("config.factor", "3")],
        plain=(None, 2),
        files={"config.py": "factor = 3\n"},
    ),
]

# how notebooks are made, and what they give points for
NOTEBOOKS = [
    case(
        "given cell with an error on purpose",
        """#:broken
print("not closed
#:sol
def f():
    return 1
#:test 1
assert f() == 1
""",
        [("return 1", "return 2")],
    ),
    case(
        "marks without a name",
        """#:bare
import math
#:sol
def f(x):
    return math.floor(x)
#:test 1
assert f(1.5) == 1
""",
        [("floor", "ceil")],
    ),
    case(
        "notebook with another name than its folder",
        F + "#:test 1\nassert f(1) == 2\n",
        [("2 * x", "x")],
        notebook="problem",
    ),
    case(
        "kernel of another language",
        "#:sol\nf <- function(x) 2 * x\n#:test 1\nstopifnot(f(1) == 2)\n",
        kernel="R",
        refused=True,
    ),
    case(
        "points in parts",
        F + "#:test 3\nscore = 0\nscore += f(1) == 2\nscore += 2 * (f(2) == 4)\nscore\n",
        [("2 * x", "x + 1")],
        plain=(None, 1),
    ),
    case(
        "points that are no whole numbers, and none",
        F + "#:test 0.5\nassert f(1) == 2\n#:test 2.25\nassert f(2) == 4\n#:test 0\nassert f(3) == 6\n",
        [("2 * x", "x + 1")],
        plain=(None, 0.5),
    ),
    case(
        "hidden tests",
        F + "#:test 1\nassert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS\n",
        [("2 * x", "x + 1")],
    ),
    case(
        "test generated by nbgrader",
        F + "#:test 1\n### AUTOTEST f(3)\n",
        files={
            "autotests.yml": "python3:\n  dispatch: 'type({{snippet}})'\n  normalize: 'str({{snippet}})'\n"
            '  check: \'assert {{snippet}} == """{{value}}""", """{{message}}"""\'\n  templates:\n    default:\n      - test: \'{{snippet}}\'\n        fail: \'another value\'\n'
        },
    ),
    case(
        "answer for a person to read",
        "#:manual 3\nanswer = 'because'\n" + F + "#:test 1\nassert f(1) == 2\n#:task 2\nDraw it.\n",
        [("2 * x", "x")],
    ),
    case(
        "two notebooks with the same names in them",
        {
            "first": "#:given\nrate = 2\n#:sol\ndef f(x):\n    return rate * x\n#:test 1\nassert f(1) == 2\n",
            "second": "#:given\nrate = 3\n#:sol\ndef f(x):\n    return rate * x\n#:test 4\nassert f(1) == 3\n",
        },
        [("rate * x", "2 * x")],
        plain=(None, 1),
    ),
    case(
        "three notebooks, a helper and a file from one to the next",
        {
            "1 read": "#:given\nfrom helper import half\n#:sol\nwith open('mine.txt', 'w') as file:\n    file.write(str(half(8)))\n#:test 1\nassert open('mine.txt').read() == '4.0'\n",
            "2 think": "#:text\nOnly to read.\n#:free\nx = 1\n",
            "3 write": "#:sol\nwith open('mine.txt') as file:\n    number = float(file.read())\n#:test 2\nassert number == 4\n#:essay 2\nIt is four.\n",
        },
        [("half(8)", "half(9)")],
        files={"helper.py": "def half(x):\n    return x / 2\n"},
    ),
    case(
        "cells without any marks",
        """#:text
# Title
#:free
import math
offset = 1
#:sol
def f(x):
    return math.floor(x) + offset
#:free
offset += 1
#:test 1
assert f(1.5) == 3
#:text
The end.
""",
        [("math.floor", "math.ceil")],
    ),
    case(
        "marks without a name, with a name of its own kind, and an old format",
        """#:bare
import math
#:bare
helper = math.floor
#:sol
def f(x):
    return helper(x)
#:test 1
assert f(1.5) == 1
""",
        [("helper(x)", "helper(x) + 1")],
        minor=4,
        bare=True,
    ),
    case(
        "errors on purpose around the tests",
        """#:broken
1 / 0
#:sol
def f():
    return 1
#:broken
f("too", "many")
after = 2
#:test 1
assert f() == 1
#:test 1
assert "after" not in globals()
""",
        [("return 1", "return 2")],
        plain=(None, 1),
    ),
    case(
        "a name with spaces", {"Week 1 – große Übung": "#:sol\nx = 1\n#:test 1\nassert x == 1\n"}, [("x = 1", "x = 2")]
    ),
    case(
        "hidden tests in the middle, and twice",
        """#:sol
def f(x):
    return 2 * x
#:test 1
assert f(1) == 2
### BEGIN HIDDEN TESTS
secret = 7
assert f(secret) == 14
### END HIDDEN TESTS
assert f(0) == 0
### BEGIN HIDDEN TESTS
assert f(-1) == -2
### END HIDDEN TESTS
#:test 1
for n in (1, 2):
    ### BEGIN HIDDEN TESTS
    assert f(n + secret) == 2 * n + 14
    ### END HIDDEN TESTS
    assert f(n) == 2 * n
#:test 1
### BEGIN HIDDEN TESTS
assert f("a") == "aa"
### END HIDDEN TESTS
""",
        [("2 * x", "x + abs(x) if x != 'a' else 'aa'")],
        plain=(None, 2),
    ),
    case(
        "regions of a solution, and an untouched release",
        """#:given
done = False
#:sol
def f(x):
    y = x + 1
    ### BEGIN SOLUTION
    y = 2 * x
    ### END SOLUTION
    return y
#:sol
g = None
### BEGIN SOLUTION
g = 4
done = True
### END SOLUTION
#:test 1
assert f(1) == 2
#:test 1
assert f(2) == 4
#:test 1
assert g == 4
#:test 1
assert not done or g
""",
        plain=(None, 1),
    ),
    case(
        "partial credit in halves",
        """#:sol
def f(x):
    return 2 * x
#:test 3
print("counting")
points = [0.5 * (f(1) == 2), 1.25 * (f(2) == 4), 1.25 * (f(3) == 6)]
sum(points)
#:test 2
assert f(2) == 4
"well done"
#:test 2
assert f(2) == 4
2 if f(1) == 2 else 1;
#:test 1
int(f(1) == 2)
#:test 2
display(0)
assert f(2) == 4
""",
        [("2 * x", "x + 2")],
        plain=(None, 7.25),
    ),
    case(
        "partial credit, and nothing in points",
        """#:sol
def f(x):
    return 2 * x
#:test 0
assert f(1) == 2
#:test 0.25
assert f(2) == 4
0.25
#:test 1.5
0.75 + 0.75 * (f(1) == 2)
#:test 1
0.0 if f(1) != 2 else 1.0
#:test 1
assert f(3) == 6
None
""",
        [("2 * x", "x + 2")],
        plain=(None, 1),
    ),
    case(
        "for a person: code, words, a task, with marks for it",
        """#:manual 3
def draft():
    return 1
#:essay 2.5
Because of this.

=== BEGIN MARK SCHEME ===
One point for each reason.
=== END MARK SCHEME ===
#:sol
def f(x):
    return 2 * x
#:test 1
assert f(draft()) == 2
#:task 2
Draw it.

=== BEGIN MARK SCHEME ===
A picture: 2.
=== END MARK SCHEME ===
#:test 0.5
assert draft() == 1
""",
        [("return 1", "return 3")],
    ),
    case(
        "for a person, and untouched",
        """#:manual 3
answer = "because"
#:essay 2
Because of this.
#:sol
x = 1
#:test 1
assert x == 1
#:task 1
Draw it.
""",
    ),
    case(
        "tests generated by nbgrader, hashed and in several parts",
        """#:sol
def f(x):
    return 2 * x
words = ["b", "a"]
#:test 1
### AUTOTEST f(3); f(4)
#:test 1
# HASHED AUTOTEST f(5)
#:test 1
k = 3
### AUTOTEST len(words)
### BEGIN HIDDEN TESTS
# HASHED AUTOTEST words[0]
### END HIDDEN TESTS
assert k == 3
""",
        [('"b", "a"', '"a", "b"'), ("2 * x", "2 * x if x < 5 else 0")],
        plain=(None, 1),
        files={"autotests.yml": AUTOTESTS},
    ),
    case(
        "the student changes what is locked",
        """#:given
limit = 3
#:sol
def f(x):
    return min(x, limit)
#:test 1
assert f(5) == 3
#:test 1
assert limit == 3
""",
        [("min(x, limit)", "x")],
        tampered=[("limit = 3", "limit = 5"), ("assert f(5) == 3", "pass")],
        plain=(None, 1),
    ),
    case(
        "a test whose helper is hidden",
        """#:sol
def f(x):
    return 2 * x
#:test 1
### BEGIN HIDDEN TESTS
def check(n):
    assert f(n) == 2 * n
### END HIDDEN TESTS
check(1)
#:test 1
check(5)
""",
        [("2 * x", "x + 1")],
        plain=(None, 1),
    ),
    case(
        "magics and help in given cells",
        """#:given
%matplotlib inline
%config InlineBackend.figure_format = "retina"
import math
math.floor?
here = %pwd
#:sol
def f(x):
    return math.floor(x)
#:given
%time value = f(2.5)
!echo {value} > value.txt
#:test 1
assert value == 2 and open("value.txt").read().split() == ["2"]
#:test 1
now = %pwd
assert here == now
""",
        [("math.floor", "math.ceil")],
        plain=(None, 1),
    ),
]


GROUPS = {
    "given": GIVEN,
    "solutions": SOLUTIONS,
    "tests": TESTS,
    "values": VALUES,
    "files": FILES,
    "notebooks": NOTEBOOKS,
}

MARKS = {  # what nbgrader keeps of a cell
    "given": {"locked": True},
    "broken": {"locked": True},
    "sol": {"solution": True},
    "test": {"grade": True, "locked": True},
    "manual": {"grade": True, "solution": True},
    "essay": {"grade": True, "solution": True},
    "task": {"task": True, "locked": True},
    "bare": {},
}
NONE = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}


def notebook_of(assignment, text, wrong=False):
    """Return a notebook as JSON, of the master and reference solution or of the wrong submission."""
    found = re.findall(r"^#:(\w+) ?(\S*)\n(.*?)(?=^#:|\Z)", text, re.MULTILINE | re.DOTALL)
    cells = [
        cell_of(assignment, f"{kind}-{number}", kind, points, source.strip("\n"), wrong)
        for number, (kind, points, source) in enumerate(found)
    ]
    kernel = {"name": "python3" if assignment.language == "python" else "ir", "display_name": assignment.language}
    kernel["language"] = assignment.language
    about = {} if assignment.bare else {"kernelspec": kernel, "language_info": {"name": assignment.language}}
    if assignment.minor < 5:
        for cell in cells:
            del cell["id"]
    return json.dumps({"nbformat": 4, "nbformat_minor": assignment.minor, "metadata": about, "cells": cells})


def cell_of(assignment, name, kind, points, source, wrong):
    """Return one cell."""
    changes = assignment.wrong if MARKS.get(kind, {}).get("solution") else assignment.tampered
    for old, new in changes if wrong else ():
        source = source.replace(old, new)
    code = kind not in ("text", "essay", "task")
    cell = nbformat.v4.new_code_cell(source, id=name) if code else nbformat.v4.new_markdown_cell(source, id=name)
    if kind in MARKS:
        cell.metadata.nbgrader = NONE | MARKS[kind] | ({} if kind == "bare" else {"grade_id": name})
    if points:
        cell.metadata.nbgrader["points"] = float(points)
    if kind == "broken":
        cell.metadata.tags = ["raises-exception"]
    return cell


def write(assignment, folder, wrong=False):
    """Write the master and reference solution, or the wrong submission, into a folder with the assignment's name."""
    folder.mkdir(parents=True)
    for name, text in assignment.text.items():
        (folder / f"{name or folder.name}.ipynb").write_text(notebook_of(assignment, text, wrong))
    for name, content in assignment.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
