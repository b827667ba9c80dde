"""Records of a restored file and of a training, read without trust."""

import json

import numpy as np
import pytest
from reports import record, write

from n2v_tools.errors import ModelError
from n2v_tools.jobs.report.record import Record, read_history, read_record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Info of ImageJ",
        "[" * 5000,
        "[1, 2]",
        '{"other": 1}',
        json.dumps({"n2v_tools": 3, "input": ["a"], "command": "rm", "model": [], "frame": True}),
        json.dumps({"n2v_tools": "0", "settings": 4, "filter": {"parameters": {"a": 1}}}),
    ],
)
def test_a_strange_record_is_no_record(tmp_path, text):
    found = read_record(write(tmp_path / "r.tif", "YX", (8, 9), 1, text))
    assert found.text("input") is None and found.command == () and found.frame is None
    assert found.part("model") == {} and found.text("model", "name") is None


def test_the_record_is_read_as_it_was_written(tmp_path):
    said = record(command=["n2v-denoise", "a.tif"], frame=2, model={"name": "m"})
    found = read_record(write(tmp_path / "r.tif", "YX", (8, 9), 1, said))
    assert found.command == ("n2v-denoise", "a.tif") and found.frame == 2
    assert found.text("model", "name") == "m"
    np.save(tmp_path / "r.npy", np.ones((3, 3)))
    assert read_record(tmp_path / "r.npy") == Record()


def test_the_curve_of_a_training_is_read_and_a_damaged_one_is_said_so(tmp_path):
    path = tmp_path / "training.csv"
    assert read_history(tmp_path) == {}
    path.write_text("epoch,loss,val_loss\n1,0.5,0.4\n2,0.3,\n")
    history = read_history(tmp_path)
    assert history["loss"] == [0.5, 0.3] and history["val_loss"][0] == 0.4
    assert np.isnan(history["val_loss"][1])
    path.write_text("epoch,loss\n1,x\n")
    with pytest.raises(ModelError, match=r"training\.csv"):
        read_history(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match=r"training\.csv"):
        read_history(tmp_path)


@pytest.mark.parametrize("cell", ["9" * 400, "1e308", "inf", "nan", "7" * 5000, "x", '"'])
@pytest.mark.parametrize("column", range(3))
def test_a_cell_that_no_curve_can_show_leaves_the_curves_out(tmp_path, cell, column):
    cells = ["2", "0.3", "0.25"]
    cells[column] = cell
    table = f"epoch,loss,val_loss\n1,0.5,0.4\n{','.join(cells)}\n"
    (tmp_path / "training.csv").write_text(table)
    with pytest.raises(ModelError, match=r"training\.csv: is not a table"):
        read_history(tmp_path)
