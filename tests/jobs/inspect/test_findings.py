"""Findings give numbers that JSON holds, a text, and a training in the reader's language."""

import dataclasses
import io
import json

import numpy as np
import pytest
from noisy_frames import frames

from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.inspect.findings import look_into
from n2v_tools.jobs.inspect.numbers import numbers_of
from n2v_tools.jobs.inspect.text import describe
from n2v_tools.stack import Stack
from n2v_tools.words import in_python


def found_in(counts, axes):
    progress = Progress(quiet=True, stream=io.StringIO())
    return look_into("a b.tif", Stack(counts, axes), None, progress, axes_given=True)


@pytest.fixture(scope="module")
def findings():
    return found_in(frames(32, sigma=300.0, edge=128), "ZYX")


def test_in_python_the_command_of_an_array_is_a_call_everywhere(findings):
    command = "n2v-train --stack 'a b.tif' --axes ZYX --patch 16,64,64"
    assert findings.command == command
    assert in_python(numbers_of)(findings)["command"] == command  # of a file it stays one
    assert command in in_python(describe)(findings, None)
    array = dataclasses.replace(findings, name="array")
    call = "train(array, axes='ZYX', patch=(16, 64, 64))"
    assert in_python(numbers_of)(array)["command"] == call
    text = in_python(describe)(array, None)
    assert call in text and "--" not in text
    assert array.command in describe(array, None)


@pytest.mark.parametrize(
    ("counts", "axes"),
    [
        (np.zeros((3, 40, 50), np.uint16), "ZYX"),
        (np.full((40, 50), np.nan, np.float32), "YX"),
        (np.random.default_rng(0).normal(500, 20, (9, 12, 12)).astype(np.float32), "TYX"),
        (np.random.default_rng(0).normal(500, 20, (2, 64, 64)).astype(np.float32), "CYX"),
    ],
    ids=["empty", "broken", "small", "channels"],
)
def test_odd_stacks_have_numbers_and_a_text(counts, axes):
    found = found_in(counts, axes)
    numbers = numbers_of(found)
    json.dumps({**numbers, "minimum": None, "maximum": None, "mean": None, "std": None})
    assert (numbers["command"] is None) == (found.options is None) == (axes != "CYX")
    assert describe(found, "a.png").rstrip().endswith("figure    a.png")


def test_the_figure_stands_in_the_text_only_where_there_is_one(findings):
    assert "figure" not in describe(findings, None)
