"""The grader: from a folder of submissions to results, feedback pages and grades.csv."""

import sys

# jsonschema, which nbformat imports, loads what checks addresses, times, colours and their like, where it is installed.
# No notebook has any of them to check, and they take longer to load than all the rest.
if "jsonschema" not in sys.modules:
    FORMATS = (
        "fqdn idna isoduration jsonpointer rfc3339_validator rfc3986_validator rfc3987_syntax uri_template webcolors"
    )
    missing = [name for name in FORMATS.split() if name not in sys.modules]
    sys.modules.update(dict.fromkeys(missing))
    import jsonschema  # noqa: F401

    for name in missing:
        del sys.modules[name]


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
