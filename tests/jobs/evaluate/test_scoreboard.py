"""Tables of an evaluation: every plane, and what failed."""

import csv
import json


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
