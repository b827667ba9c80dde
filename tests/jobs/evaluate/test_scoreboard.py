"""Tables of an evaluation: every plane, and what failed."""

import csv
import json

import numpy as np
import pytest

from n2v_tools.jobs.desk.outcomes import Outcome
from n2v_tools.jobs.evaluate.result import Evaluation
from n2v_tools.measure.file_scores import METRICS, FileScores


def scores(restored, noisy=None, data_range=100.0):
    values = {"restored": dict.fromkeys(METRICS, np.array(restored, float))}
    if noisy is not None:
        values["noisy"] = dict.fromkeys(METRICS, np.array(noisy, float))
    return FileScores([{"T": t} for t in range(len(restored))], data_range, values=values)


@pytest.fixture
def evaluation():
    files = (
        Outcome({"restored": "a.tif"}, scores([30, 31], [20, 21])),
        Outcome({"restored": "b.tif"}, scores([np.inf, np.nan], data_range=50.0)),
        Outcome({"restored": "c.tif"}, error="c.tif: no"),
    )
    return Evaluation(files, command=("n2v-evaluate",))


def test_every_plane_is_in_the_table_and_infinity_with_it(evaluation, tmp_path):
    from n2v_tools.jobs.evaluate.scoreboard import write_table

    write_table(evaluation, tmp_path / "t.csv", overwrite=False)
    with open(tmp_path / "t.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["psnr"] for row in rows] == ["30.0", "31.0", "inf", ""]
    assert [row["psnr_gain"] for row in rows] == ["10.0", "10.0", "", ""]
    write_table(evaluation, tmp_path / "t.json", overwrite=False)
    found = json.loads((tmp_path / "t.json").read_text())
    assert found["files"][1]["planes"][0]["psnr"] is None
    write_table(evaluation, tmp_path / "t.md", overwrite=False)
    assert "failed: c.tif: no" in (tmp_path / "t.md").read_text()
