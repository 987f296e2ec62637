"""The grader: from a folder of submissions to results, feedback pages and grades.csv."""

import sys

# jsonschema, which nbformat imports, loads a grammar of IRIs where it is installed. No notebook has an IRI to check,
# and the grammar takes longer to load than all the rest.
if "jsonschema" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None
    import jsonschema  # noqa: F401

    del sys.modules["rfc3987_syntax"]


def plug_in(config):
    """Have nbgrader's commands and its formgrader grade with this package: one line of a course's nbgrader_config.py.

    Parameters
    ----------
    config : traitlets.config.Config
        What ``get_config()`` returns there; nothing has to be set in it today.
    """
    from grading.fleet import feedback, grade_class  # both import the whole grader
    from grading.plugin import plug_into_nbgrader

    plug_into_nbgrader(grade_class, feedback)
