"""The course, and the one place that plugs grading/ into nbgrader."""

import sys
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - traitlets defines it when it loads this file

course = Path(__file__).resolve().parent
c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "weight-initialization"

c.ClearSolutions.code_stub = {
    "python": "# YOUR CODE HERE: replace this line and the next.\n"
    'raise NotImplementedError("Write your code here, and delete this line.")'
}

# What lies beside this file and is released beside the notebooks of an assignment.
shared = ["init_utils.py", "argument_checks.py", "signals.py", "plots.py"]
checks = ["public_tests.py", "preflight.py"]
diagnosis = ["diagnosis.py", "causes.py", "symptoms.py", "expected.py", "notebook_cells.py", "sentences.py"]
c.Grading.helpers = {
    "initialization": [*shared, *checks, *diagnosis],
    "explore": [*shared, "explore.py", "explore_plots.py", "networks.py", "training.py"],
}

# nbgrader's commands and its formgrader grade in a sandbox, as `python -m grading autograde` does.
if (course / "grading").is_dir():
    sys.path.append(str(course))
    from grading import plug_in

    plug_in(c)

# `nbgrader zip_collect`: a file as Moodle names it, in its folder or without one, and as Canvas does. The student id is
# the number that the platform gives a person: Ada Lovelace_1234567_assignsubmission_file_initialization.ipynb, or
# lovelaceada_LATE_1234567_89_initialization-1.ipynb.
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?:[^/]*_)?(?:LATE_)?(?P<student_id>\d+)_(?:assignsubmission_file_/?|(\d+_))"
    r"(?P<file_id>[^/]+?)(?(2)(?:-\d+)?)(?: ?\(\d+\))?\.ipynb$"
)

# Where nbgrader itself runs notebooks, to validate them: seconds for one cell. The longest takes about one.
c.Execute.timeout = 15
# Keep no history of what students ran, and nothing of the kernel's own log in the output.
c.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--log-level=ERROR"]
