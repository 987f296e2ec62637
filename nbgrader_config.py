"""The course, and the one place that plugs grading/ into nbgrader."""

import sys
from pathlib import Path

c = get_config()  # noqa: F821 - traitlets defines it when it loads this file

course = Path(__file__).resolve().parent
c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "weight-initialization"

# A class is a folder submitted/. Until there is one, the sample class stands in.
# It has folders and a gradebook of its own, so it never mixes with real students.
if not (course / "submitted").is_dir():
    for step in ("submitted", "autograded", "feedback"):
        setattr(c.CourseDirectory, f"{step}_directory", f"examples/{step}")
    c.CourseDirectory.db_url = f"sqlite:///{course / 'examples' / 'gradebook.db'}"

c.ClearSolutions.code_stub = {
    "python": "# YOUR CODE HERE: replace this line and the next.\n"
    'raise NotImplementedError("Write your code here, and delete this line.")'
}

# `nbgrader autograde` and the formgrader grade in a sandbox, as `python -m grading autograde` does.
if (course / "grading").is_dir():
    sys.path.append(str(course))
    from grading.fleet import grade_class
    from grading.gradebook import plug_into_nbgrader

    plug_into_nbgrader(grade_class)
    c.GenerateFeedback.exporter_class = "grading.gradebook.FeedbackPage"

# Where nbgrader itself runs notebooks, to validate them: seconds for one cell. The longest takes about one.
c.Execute.timeout = 15
# Keep no history of what students ran, and nothing of the kernel's own log in the output.
c.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--log-level=ERROR"]
