"""The proof of a build, before it takes the place of the release.

Whether the solution earns its points is not asked here but by ``verify``: that takes a sandbox, and seconds.
"""

import ast
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import nbformat
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearSolutions
from traitlets.config import Config

from grading.assignment import CourseAssignment
from grading.helpers import helpers_by_assignment, released_from
from grading.master import Master
from grading.master_cells import MasterCell
from grading.master_notebook import MasterNotebook
from grading.python_source import imported_modules
from grading.result import one_line


def refuse_unproven(course: CourseAssignment, built: Path, address: str) -> None:
    """Raise where a build is not whole, or tells students what they must not see.

    Parameters
    ----------
    course : grading.assignment.CourseAssignment
    built : pathlib.Path
        The folder of the build.
    address : str
        Of the gradebook that was filled by it.
    """
    master, helpers = course.read_master(built, address), course.helpers()
    why = no_python(helpers) or incomplete(built, given(course) | helpers)
    for notebook in master.notebooks.values():
        why = why or flaw(notebook, Secrets(course.config))
    if not why and helpers_by_assignment(course.config) and (missing := unlisted_modules(master, course.home)):
        why = f"{', '.join(missing)} lies beside nbgrader_config.py and is imported, but is not named in c.Grading.helpers"
    if why:
        raise NbGraderException(
            f"{course.assignment} was not released, because {one_line(why)}. The release and the gradebook are as they were."
        )


def given(course: CourseAssignment) -> dict[str, bytes]:
    """Return what the source gives beside its notebooks, unless a hook of the course makes something else of it."""
    hooks = course.config.GenerateAssignment
    if hooks.get("pre_convert_hook") or hooks.get("post_convert_hook"):
        return {}
    return released_from(course.source, course.course.ignore)


def no_python(helpers: Mapping[str, bytes]) -> str:
    """Return which of the helpers is no Python and why, or an empty text."""
    for name, content in helpers.items():
        try:
            if name.endswith(".py"):
                compile(content, name, "exec", ast.PyCF_ONLY_AST)
        except (SyntaxError, ValueError) as error:
            return f"the helper {name} is no Python ({error})"
    return ""


def incomplete(built: Path, expected: Mapping[str, bytes]) -> str:
    """Return which file a build lacks or has otherwise than it was given, or an empty text."""
    for name, content in expected.items():
        if not (built / name).is_file():
            return f"what was built lacks {name}"
        if (built / name).read_bytes() != content:
            return f"{name} was built with other bytes than it has"
    return ""


def unlisted_modules(master: Master, home: Path) -> list[str]:
    """Return the modules in ``home`` that a notebook imports, or a file that is released beside it, and that are not released."""
    files = {name: content.decode(errors="replace") for name, content in master.files.items() if name.endswith(".py")}
    cells = [cell.python for notebook in master.notebooks.values() for cell in notebook.code]
    asked = {name for text in (*files.values(), *cells) for name in imported_modules(text)}
    released = {PurePosixPath(name).parts[0].removesuffix(".py") for name in files}
    return sorted(f"{name}.py" for name in asked - released if (home / f"{name}.py").is_file())


def flaw(notebook: MasterNotebook, secrets: "Secrets") -> str:
    """Return what is wrong with a built notebook, or an empty text."""
    file = f"{notebook.name}.ipynb"
    if not notebook.released:
        return f"what was built lacks {file}"
    try:
        nbformat.validate(nbformat.reads(notebook.released.decode(), as_version=4), relax_add_props=True)
    except (nbformat.ValidationError, ValueError) as error:
        return f"{file} was built as no valid notebook ({str(error).strip().partition(chr(10))[0]})"
    for cell in filter(matters, notebook.cells):
        same = [one for one in filter(matters, notebook.built) if one.grade_id == cell.grade_id]
        if [worth(one) for one in same] != [worth(cell)]:
            return f"{file} was built without the cell {cell.grade_id} as it was authored, or with two of that name"
        text = notebook.generated.get(cell.grade_id, cell.source) if cell.is_test else cell.source
        if line := secrets.leaked_line(cell, text, same[0].source):
            return f"{file} was built with a line in the cell {cell.grade_id} that students must not see ({line})"
    return ""


def matters(cell: MasterCell) -> bool:
    """Whether a cell is more to nbgrader than a name that is left on it."""
    return cell.is_graded or cell.is_solution or bool(cell.marks.get("locked"))


def worth(cell: MasterCell) -> tuple[bool, bool, float | None]:
    """Return what a cell is to nbgrader: whether it is graded, whether students write it, and its points."""
    return cell.is_graded, cell.is_solution, cell.marks.get("points") if cell.is_graded else None


class Secrets:
    """What students must not see of a cell: what stands between nbgrader's marks, and all of a solution without marks.

    Parameters
    ----------
    config : traitlets.config.Config
        Of the course, which may have marks and stubs of its own.
    """

    def __init__(self, config: Config) -> None:
        solutions, tests, schemes = (one(config=config) for one in (ClearSolutions, ClearHiddenTests, ClearMarkScheme))
        self.solution = solutions.begin_solution_delimeter
        self.marks = [
            (self.solution, solutions.end_solution_delimeter),
            (tests.begin_test_delimeter, tests.end_test_delimeter),
            (schemes.begin_mark_scheme_delimeter, schemes.end_mark_scheme_delimeter),
        ]
        stubs = (*solutions.code_stub.values(), solutions.text_stub)
        self.stubs = {line.strip() for stub in stubs for line in stub.split("\n")}

    def leaked_line(self, cell: MasterCell, text: str, built: str) -> str:
        """Return a line of a built cell that only the author is to see, or an empty text.

        Parameters
        ----------
        cell : grading.master_cells.MasterCell
            As authored.
        text : str
            Its text, or the test that nbgrader has written for it.
        built : str
            The text that students get.
        """
        shown: list[str] = text.split("\n")
        hidden: list[str] = []
        for begin, end in self.marks:
            shown, between = split_at_marks(shown, begin, end)
            hidden += between
        if cell.is_solution and self.solution not in text:
            shown, hidden = [], text.split("\n")
        more = Counter(built.split("\n")) - Counter(shown)
        secret = {line for line in hidden if line.strip() and line.strip() not in self.stubs}
        return next((line.strip() for line in more if line in secret), "")


def split_at_marks(lines: list[str], begin: str, end: str) -> tuple[list[str], list[str]]:
    """Return the lines outside of two marks, and those between them together with the marks."""
    outside: list[str] = []
    between: list[str] = []
    inside = False
    for line in lines:
        inside = inside or begin in line
        (between if inside else outside).append(line)
        inside = inside and end not in line
    return outside, between
