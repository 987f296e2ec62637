"""What a student meets in the released notebook: on any laptop, before and after the first exercise."""

import nbformat
from run_all import cells_by_id, execute, text_of


def test_every_cell_of_the_release_runs_and_only_the_stubs_raise(released, tmp_path):
    ran = execute(released, tmp_path, allow_errors=True)
    raising = {}
    for cell in ran.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", (cell.id, output)
            if output.output_type == "error":
                raising[cell.id] = output.ename
    for name in ("zeros", "random", "he"):
        assert raising[f"{name}-show"] == raising[f"{name}-train"] == "NotImplementedError"
        assert raising[f"{name}-test"] == "CheckFailed"
        (failed,) = cells_by_id(ran)[f"{name}-test"].outputs
        assert len(failed.traceback) == 1 and "delete the line that raises NotImplementedError" in failed.traceback[0]
    assert set(raising.values()) == {"NotImplementedError", "CheckFailed"}
    working = {"files", "packages", "dataset", "network", "look", "conclusions-table", "conclusions-boundaries"}
    working |= {"conclusions-costs", "try-start", "try", "preflight"}
    assert not working & set(raising)
    table = cells_by_id(ran)["preflight"].outputs[0].data["text/html"]
    assert "Not ready yet" in table and "Your cells import" not in table


def test_a_learner_who_fills_in_one_exercise_sees_that_one_work(source, released, tmp_path):
    notebook = nbformat.from_dict(released)
    cells_by_id(notebook)["he-exercise"].source = cells_by_id(source)["he-exercise"].source
    cells = cells_by_id(execute(notebook, tmp_path, allow_errors=True))
    assert text_of(cells["he-test"]) == "All tests passed.\n"
    assert "Accuracy: 0.96" in text_of(cells["he-train"])
    assert [line.split()[0] for line in text_of(cells["conclusions-table"]).splitlines()] == ["initialization", "he"]
