"""plugin.py: plugging in is one call, which can be made again, and nothing happens before it."""

import json
import subprocess
import sys

from courses import ROOT

PROGRAM = """
import json
import grading.plugin
from nbgrader.apps import api, autogradeapp, generateassignmentapp, generatefeedbackapp
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.plugins import export

owners = {
    "autogradeapp": autogradeapp, "generateassignmentapp": generateassignmentapp,
    "generatefeedbackapp": generatefeedbackapp, "api": api, "export": export, "NbGraderAPI": api.NbGraderAPI,
}

def state():
    return {f"{name}.{key}": value for name, owner in owners.items() for key, value in vars(owner).items()}

def changed(before, after):
    return sorted(name for name in after if after[name] is not before.get(name))

steps = [(api.Autograde, Autograde), (api.GenerateAssignment, GenerateAssignment), (api.GenerateFeedback, GenerateFeedback)]
assert all(now is own for now, own in steps)
never = state()
grading.plug_in(None)
once = state()
grading.plug_in(None)
steps = [(api.Autograde, Autograde), (api.GenerateAssignment, GenerateAssignment), (api.GenerateFeedback, GenerateFeedback)]
assert all(issubclass(now, own) and now is not own for now, own in steps)
print(json.dumps([changed(never, once), changed(once, state())]))
"""
STEPS = ["Autograde", "GenerateAssignment", "GenerateFeedback"]
METHODS = [
    "get_notebook_submissions",
    "get_student",
    "get_student_notebook_submissions",
    "get_students",
    "get_submission",
    "get_submissions",
    "get_submitted_timestamp",
]


def test_plugging_in_changes_what_it_says_and_once():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    first, again = json.loads(ended.stdout)
    changes = [f"api.{step}" for step in STEPS] + [f"{step.lower()}app.{step}" for step in STEPS]
    assert first == sorted([*changes, *(f"NbGraderAPI.{method}" for method in METHODS), "export.open"])
    assert again == []
