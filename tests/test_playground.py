"""The playground of explore.ipynb: each choice trains anew, and shows and tells what came of it."""

import sys

import ipywidgets
import pytest

import explore
from explore import STARTS
from init_utils import Picture, load_dataset

X, Y, _, _ = load_dataset()


def controls_in(box):
    """Return what a person uses, by the words that a screen reader says of it."""
    found = {}
    for child in getattr(box, "children", ()):
        found |= controls_in(child)
    if isinstance(box, ipywidgets.Button):
        found[box.tooltip or box.description] = box
    elif getattr(box, "description", ""):
        found[box.description] = box
    return found


@pytest.fixture
def shown(monkeypatch):
    """A function that returns the playground's controls, and its pictures, the latest last."""
    pictures, boxes = [], []

    class Handle:
        update = pictures.append

    def display(thing, display_id=False, raw=False):
        if isinstance(thing, Picture):
            pictures.append(thing)
        return Handle

    class Box(ipywidgets.VBox):
        def __init__(self, children):
            boxes.append(self)
            super().__init__(children)

    monkeypatch.setattr(explore, "display", display)
    monkeypatch.setattr(ipywidgets, "VBox", Box)
    explore.playground(X, Y, steps=40)
    return lambda: controls_in(boxes[0]), pictures


def test_the_playground_shows_a_picture_at_once_and_after_each_change(shown):
    controls, pictures = shown
    assert len(pictures) == 1 and pictures[0].alt.startswith("After 40 steps")
    changes = {
        "Times": 2.0,
        "Hidden layers": 4,
        "Learning rate": 0.3,
        "Seed": 8,
        "Normalize each hidden layer": True,
    }
    for number, (name, value) in enumerate(changes.items(), start=2):
        before = pictures[-1].alt
        controls()[name].value = value
        assert len(pictures) == number and pictures[-1].alt != before
    controls()["Initialization: 0.01"].click()
    assert pictures[-1].alt.endswith("0.01 times 2, hidden layers: 4, learning rate 0.3, seed 8, normalized.")


def test_the_start_that_is_chosen_is_told_by_words_and_a_sign(shown):
    controls, _ = shown
    for name in STARTS:
        next(one for said, one in controls().items() if said.startswith(f"Initialization: {name}")).click()
        words = {said: one.description for said, one in controls().items() if said.startswith("Initialization: ")}
        assert [said for said in words if said.endswith(", chosen")] == [f"Initialization: {name}, chosen"]
        assert [text for text in words.values() if text.startswith("✓ ")] == [f"✓ {name}"]


def test_each_hidden_layer_of_the_playground_has_ten_units(shown, monkeypatch):
    drawn, real = [], explore.draw
    monkeypatch.setattr(explore, "draw", lambda sizes, *rest: drawn.append(sizes) or real(sizes, *rest))
    shown[0]()["Hidden layers"].value = 4
    assert drawn == [[2, 10, 10, 10, 10, 1]]


def test_the_same_start_comes_again_at_one_click(shown):
    controls, pictures = shown
    first = pictures[-1].alt
    controls()["40 steps more"].click()
    assert pictures[-1].alt.startswith("After 80 steps") and pictures[-1].alt != first
    controls()["Same start again"].click()
    assert pictures[-1].alt == first


def test_pictures_of_the_playground_can_be_compared(shown):
    """The axis of the cost stays where it is, unless a cost has no place on it."""
    controls, pictures = shown
    controls()["Initialization: 0.01"].click()
    controls()["Initialization: 10"].click()
    limits = [picture.figure.axes[0].get_ylim() for picture in pictures]
    assert limits[0] == limits[1] and limits[2][1] > limits[0][1]


def test_without_ipywidgets_one_sentence_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    explore.playground(X, Y)
    said = capsys.readouterr().out
    assert "`pip install ipywidgets`" in said and said.count(".") == 1 and said.count("\n") == 1
