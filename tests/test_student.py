"""What a student meets in the released notebook: on any laptop, before and after the first exercise."""

import nbformat
from conftest import cells_by_id, execute, text_of


def test_every_cell_of_the_release_runs_and_only_the_stubs_raise(released, tmp_path):
    ran = execute(released, tmp_path, allow_errors=True)
    raising = {}
    for cell in ran.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", (cell.id, output)
            if output.output_type == "error":
                raising[cell.id] = output.ename
    assert set(raising.values()) == {"NotImplementedError"}
    for name in ("zeros", "random", "he"):
        assert {f"{name}-show", f"{name}-test", f"{name}-train"} <= set(raising)
    assert not {"packages", "dataset", "network", "look", "conclusions-table", "conclusions-costs"} & set(raising)


def test_a_learner_who_fills_in_one_exercise_sees_that_one_work(source, released, tmp_path):
    notebook = nbformat.from_dict(released)
    cells_by_id(notebook)["he-exercise"].source = cells_by_id(source)["he-exercise"].source
    cells = cells_by_id(execute(notebook, tmp_path, allow_errors=True))
    assert text_of(cells["he-test"]) == "All tests passed.\n"
    assert "Accuracy: 0.96" in text_of(cells["he-train"])
    assert [line.split()[0] for line in text_of(cells["conclusions-table"]).splitlines()] == ["initialization", "he"]
