"""Tables: rows are added once, the last run is shown, nothing is made up."""

import csv

import pytest

from n2v_tools.errors import StackError
from n2v_tools.experiment.reading import read_study
from n2v_tools.experiment.tables import append_rows, as_markdown, as_text, read_rows

NUMBERS = {
    "metric": "si_psnr", "n": 3, "noisy_mean": 20.0, "noisy_std": 1.0, "restored_mean": 23.0,
    "restored_std": 1.5, "gain_mean": 3.0, "gain_std": 0.25, "gain_low": 2.9, "gain_high": 3.1,
}  # fmt: skip


def row(experiment="first", finished="1", **other):
    common = {"dataset": "cells", "split": "test", "method": "n2v", "patch": "32x32", "epochs": 2}
    return {
        "experiment": experiment,
        "finished": finished,
        "key": "k",
        **common,
        **NUMBERS,
        **other,
    }


@pytest.fixture
def study(write):
    return read_study(write())


def test_rows_of_one_run_are_added_once_and_those_of_earlier_runs_stay(tmp_path):
    path = tmp_path / "cells.csv"
    append_rows(path, [row()])
    append_rows(path, [row()])
    append_rows(path, [row(finished="2", gain_mean=4.0)])
    assert [r["gain_mean"] for r in read_rows(path)] == ["3", "4"]


def test_the_last_run_is_shown_in_the_order_of_the_study(tmp_path, study):
    path = tmp_path / "cells.csv"
    append_rows(path, [row("second"), row(), row(finished="2", gain_mean=4.0)])
    lines = as_text(study, study.datasets["cells"], read_rows(path), {"third": "not run"})
    assert [line.split()[0] for line in lines] == ["experiment", "first", "second", "third"]
    assert "4.000 ± 0.250 [2.900, 3.100]" in lines[1]
    assert "20.000 ± 1.000" in lines[1]
    assert "as it is" in lines[1]
    assert "not run" in lines[3]


def test_markdown_holds_the_same_and_where_records_are(tmp_path, study):
    path = tmp_path / "cells.csv"
    append_rows(path, [row(record="_records/a.json", notes="a|b")])
    text = as_markdown(study, study.datasets["cells"], read_rows(path), {})
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert "_records/a.json" in text


def test_several_splits_and_metrics_have_places_of_their_own(tmp_path, study):
    path = tmp_path / "cells.csv"
    for split in ("train", "val"):
        append_rows(path, [row(split=split, metric=metric) for metric in ("ssim", "si_psnr")])
    lines = as_text(study, study.datasets["cells"], read_rows(path), {})
    assert lines[0].count("gain") == 2
    assert [line.split()[0] for line in lines[1:3]] == ["first", "first"]


def test_a_file_that_is_no_such_table_is_left_alone(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(StackError, match="not a table of experiments"):
        append_rows(path, [row()])
    with path.open() as file:
        assert list(csv.reader(file)) == [["a", "b"], ["1", "2"]]


def test_nothing_stands_where_there_is_no_number(tmp_path, study):
    path = tmp_path / "cells.csv"
    append_rows(path, [row(gain_std=None, gain_low=None, gain_high=None, noisy_mean=float("nan"))])
    assert read_rows(path)[0]["noisy_mean"] == ""
    assert "nan" not in as_text(study, study.datasets["cells"], read_rows(path), {})[1]
