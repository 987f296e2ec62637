"""The grader: from a folder of submissions to results, feedback pages and a table of grades."""

import sys

# What jsonschema, which nbformat imports, checks addresses, times, colours and their like with.
FORMATS = "fqdn idna isoduration jsonpointer rfc3339_validator rfc3986_validator rfc3987_syntax uri_template webcolors"


def plug_in(config: object = None) -> None:
    """Have nbgrader's commands and its formgrader grade with this package: one line of a course's nbgrader_config.py.

    Parameters
    ----------
    config : traitlets.config.Config, optional
        What ``get_config()`` returns there; nothing has to be set in it today.
    """
    from grading.assignment import prepare_nbgrader  # these import the whole grader
    from grading.feedback import write_feedback
    from grading.fleet import grade_class
    from grading.plugin import plug_into_nbgrader

    prepare_nbgrader()
    plug_into_nbgrader(grade_class, write_feedback)


def import_jsonschema() -> None:
    """Import jsonschema, which nbformat needs, without what it checks formats with: see `FORMATS`.

    No notebook has any of them to check, and they take longer to load than all the rest.
    """
    if "jsonschema" in sys.modules:
        return
    left_out = [name for name in FORMATS.split() if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]  # None: an import of it fails
    try:
        import jsonschema  # noqa: F401
    finally:
        for name in left_out:
            del sys.modules[name]
