"""The table of a comparison: columns that are used, reasons of failures, every digit."""

import csv

from n2v_tools.jobs.compare.scoreboard import Compared, as_csv, as_markdown, as_text
from n2v_tools.jobs.compare.scores import Scores

ROWS = [
    Compared("noisy", scores=Scores(psnr=20.123456)),
    Compared("median", "size 3", seconds=1.0, scores=Scores(psnr=float("nan"))),
    Compared("n2v", error="the loss | was lost"),
]


def test_columns_without_any_value_are_left_out():
    head, *body = as_text(ROWS)
    assert "PSNR, dB" in head and "affine" not in head and "20.12" in body[0]


def test_a_failure_stands_in_its_row():
    assert "the loss | was lost" in as_text(ROWS)[-1]
    assert "the loss \\| was lost" in as_markdown(ROWS, "Title", [], "n2v-compare")
    assert ROWS[2].to_json() == {"method": "n2v", "error": "the loss | was lost"}


def test_a_spreadsheet_gets_every_column_and_nothing_for_nan():
    rows = list(csv.DictReader(as_csv(ROWS).splitlines()))
    assert [row["psnr"] for row in rows] == ["20.123456", "", ""]
    assert "affine_psnr" in rows[0]
