"""Text of others is read as what it says, or refused in words, whatever the numbers in it."""

import json
import math

import numpy as np
import pytest

from n2v_tools.untrusted import parse_json, parse_number, read_text

rng = np.random.default_rng(5)


def values(depth=5):
    """Values such as files hold."""
    if depth == 0:
        kind = rng.integers(6)
        number = float(rng.normal() * 10.0 ** rng.integers(-30, 30))
        return [None, True, number, int(rng.integers(-(2**62), 2**62)), "\u00b5m \n", 0.0][kind]
    if rng.random() < 0.5:
        return [values(depth - 1) for _ in range(3)]
    return {f"key {n}": values(depth - 1) for n in range(3)}


@pytest.mark.parametrize("n", range(20))
def test_what_was_written_is_read_as_it_was(n):
    written = values()
    assert parse_json(json.dumps(written)) == written


ABSURD = {
    "400 digits": "9" * 400,
    "5000 digits": "-" + "9" * 5000,
    "5000 decimals": "0." + "1" * 5000,
    "near the end of float64": "1e308",
    "beyond float64": "1e400",
    "below float64's normal numbers": "-3e-320",
    "wider than NumPy's": str(2**64),
    "NaN": "NaN",
    "infinite": "-Infinity",
    "deep": "[" * 500 + "]" * 500,
    "deeper than Python": "[" * 100_000,
    "objects in each other": '{"a":' * 40 + "1" + "}" * 40,
}


@pytest.mark.parametrize("text", ABSURD.values(), ids=ABSURD)
@pytest.mark.parametrize("around", ["{}", "[1, {}]", '{{"a": [{}]}}'])
def test_what_cannot_be_computed_with_is_refused_in_few_words(text, around):
    with pytest.raises(ValueError) as refused:
        parse_json(around.format(text))
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e101", "-1e-101", "x", "1" * 101, "1 2"])
def test_a_number_is_one_that_can_be_computed_with(text):
    with pytest.raises(ValueError):
        parse_number(text)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-99, 3.4e38, -2.5e99, math.pi, 7])
def test_a_number_is_read_to_its_last_digit(value):
    assert parse_number(str(value)) == value == parse_number(f" {value!r}\n")
    assert math.isfinite(parse_number(str(value)) ** 2)


def test_a_file_is_read_up_to_its_bound_and_only_as_text(tmp_path):
    path = tmp_path / "a"
    path.write_text("\u00b5" * 10, encoding="utf-8")
    assert read_text(path, 20) == "\u00b5" * 10
    with pytest.raises(ValueError, match="larger than 19 bytes"):
        read_text(path, 19)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError):
        read_text(path, 20)
