"""Numbers, tables and JSON as people and programs read them."""

import csv
import json
import math
from pathlib import Path

import numpy as np

from n2v_tools.report.plain import (
    aligned,
    csv_text,
    json_text,
    number_text,
    piped,
    value_text,
)


def test_numbers_are_written_as_people_do():
    assert [number_text(v) for v in (0, 1234.5, 12.345, 0.0123, 5e-9, 3e9, float("nan"))] == [
        "0", "1234", "12.3", "0.0123", "5e-09", "3e+09", "?",
    ]  # fmt: skip


def test_json_holds_no_nan_and_no_numpy():
    found = json.loads(
        json_text({"a": [np.float32(0.5), math.nan, math.inf], "b": Path("x/y"), 3: np.arange(2)})
    )
    assert found == {"a": [0.5, None, None], "b": "x/y", "3": [0, 1]}


def test_a_setting_is_written_with_few_digits():
    assert value_text([1.23456, 7]) == "1.235 × 7"
    assert value_text((0.123456789, "auto"), digits=6, times=" x ") == "0.123457 x auto"


def test_columns_are_as_wide_as_what_stands_in_them():
    assert aligned([["", "dB"], ["PSNR", "7"], ["a", "12.5"]]) == [
        "        dB",
        "PSNR     7",
        "a     12.5",
    ]


def test_a_bar_in_a_cell_does_not_end_it():
    head, rule, row = piped([["file", "dB"], ["a|b", "1"]])
    assert (head, rule, row) == ("| file | dB |", "|---|---:|", "| a\\|b | 1 |")


def test_a_spreadsheet_gets_every_digit_and_an_empty_cell_for_nan():
    rows = list(csv.reader(csv_text([["a", "b"], [1 / 3, math.nan]]).splitlines()))
    assert float(rows[1][0]) == 1 / 3 and rows[1][1] == ""
