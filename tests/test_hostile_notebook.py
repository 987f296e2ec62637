"""A hostile notebook in a real formgrader and on a real page: a browser loads what it loads for any other."""

import json

import nbformat
import pytest
from courses import ROOT, copy_course, graded, nbgrader
from nbgrader.api import Gradebook
from servers import jupyter
from written import DATA, ELSEWHERE, prints, shows


def hostile():
    """Return cells that would load something, or that MathJax would act upon; each has a mark by which it is known."""
    numbers = iter(range(10_000))
    there = lambda: f"{ELSEWHERE}{next(numbers)}"  # noqa: E731
    written = [
        *(f"![t]({there()})", "![](/logout)", f"<img src='{there()}'>", f"<img srcset='{there()} 1x'>"),
        *(f"<p style='background: url({there()})'>x</p>", f"<base href='{ELSEWHERE}'>", f"<iframe src='{there()}'></iframe>"),
        *(f"<link rel=stylesheet href='{there()}'>", f"<meta http-equiv=refresh content='0;url={there()}'>"),
        *(f"<script>fetch('{there()}')</script>", f"<svg><image href='{there()}'/></svg>", f"<style>@import '{there()}'</style>"),
        *(f"$\\href{{{there()}}}{{x}}$", f"$$\\require{{html}}\\style{{background: url({there()})}}{{x}}$$", "`$\\href{a}{x}$`"),
        *(f"<div>\n\n<img src='{there()}'>\n\n</div>", f"![a]({DATA})", "$$x^2$$ and $\\frac{1}{2}$"),
        "<img src=x onerror='document.title = \"taken over\"'>",
    ]  # fmt: skip
    outputs = [
        shows(text_html=f"<img src='{there()}'>", text_plain="a"),
        shows(text_html=f"<script>fetch('{there()}')</script>", text_plain="b"),
        shows(**{"image_svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{there()}'/></svg>"}, text_plain="c"),
        shows(application_javascript=f"fetch('{there()}')", text_plain="d"),
        shows(text_markdown=f"![]({there()})", text_plain="e"),
        shows(text_latex=f"$\\href{{{there()}}}{{x}}$", text_plain="f"),
        shows(text_html=f"<img alt='$\\href{{{there()}}}{{x}}$' src='{DATA}'>"),
        shows(text_plain=f"$\\href{{{there()}}}{{x}}$"),
        prints(f"<img src='{there()}'> \x1b]8;;{there()}\x07link"),
    ]  # fmt: skip
    cells = [nbformat.v4.new_markdown_cell(one) for one in written]
    code = nbformat.v4.new_code_cell(f"'<img src={there()}>'  # $\\href{{a}}{{x}}$")
    return [*cells, code | {"outputs": outputs}, nbformat.v4.new_raw_cell(f"<img src='{there()}'>")]


@pytest.mark.slow
def test_a_browser_loads_for_a_hostile_notebook_what_it_loads_for_any_other(browser, tmp_path):
    course = copy_course(tmp_path / "course", grader=True)
    nbgrader(course, "generate_assignment", "initialization")
    honest = nbformat.read(
        ROOT / "examples" / "submitted" / "ada" / "initialization" / "initialization.ipynb", as_version=4
    )
    for student, extra in {"ada": [], "eve": hostile()}.items():
        folder = course / "submitted" / student / "initialization"
        folder.mkdir(parents=True)
        (folder / "initialization.ipynb").write_text(json.dumps(honest | {"cells": honest.cells + extra}))
    graded(course)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "weight-initialization") as gradebook:
        ids = {one.student_id: one.notebooks[0].id for one in gradebook.assignment_submissions("initialization")}
    loaded = {}
    with jupyter(course, tmp_path / "home") as address, browser.new_context() as context:
        context.new_page().goto(f"{address}/formgrader/?token=secret")
        for student, number in ids.items():
            page, seen = context.new_page(), set()
            loaded[student] = seen
            page.on("request", lambda request, seen=seen, number=number: seen.add(request.url.replace(number, "")))
            page.goto(f"{address}/formgrader/submissions/{number}/")
            page.locator("input.score[placeholder='10']").last.wait_for()
            assert page.locator("textarea.comment").count() == 3 and page.locator("math").count() > 50
            assert page.title() == "initialization"
        page = context.new_page()
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        file = (course / "feedback" / "eve" / "initialization" / "initialization.html").as_uri()
        page.goto(file)
        drawn = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert drawn == [20, 20]
    assert [one for one in requests if not one.startswith("data:")] == [file]
    assert {one for one in loaded["eve"] if not one.startswith("data:")} <= loaded["ada"]
