"""Findings give numbers that JSON holds, a text, and a training in the reader's language."""

import dataclasses
import io
import json

import numpy as np
import pytest
import tifffile
from noisy_frames import frames, noise

from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.inspect.files import InspectRequest, inspect_files
from n2v_tools.jobs.inspect.findings import look_into
from n2v_tools.jobs.inspect.numbers import numbers_of
from n2v_tools.jobs.inspect.text import describe
from n2v_tools.stack import Stack
from n2v_tools.words import in_python


def found_in(counts, axes):
    progress = Progress(quiet=True, stream=io.StringIO())
    return look_into("a b.tif", Stack(counts, axes), None, progress, axes=axes)


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


@pytest.mark.parametrize("value", [0, 400])
def test_a_channel_without_an_image_is_said_and_not_measured(value):
    counts = np.stack([frames(1, edge=96)[0]] * 3).round().astype(np.uint16)
    counts[1] = value
    found = found_in(counts, "CYX")
    numbers = numbers_of(found)
    assert any(f"channel 1 is {value} throughout" in line for line in found.warnings)
    assert [one is None for one in numbers["noise"]["channels"]] == [False, True, False]
    assert numbers["levels"] and "of 2 channels" in describe(found, None)
    assert found.command is not None


@pytest.mark.parametrize(("axes", "period"), [("TYX", 2), ("TZYX", 3)])
def test_frames_in_turn_name_the_axes_that_part_them(axes, period):
    still = [frames(1, sigma=0, edge=64)[0] + 90 * i for i in range(period)]
    rng = np.random.default_rng(0)
    counts = rng.poisson([still[t % period] for t in range(24)]).astype(np.uint16)
    found = found_in(counts.reshape(24, *(1,) * (len(axes) - 3), 64, 64), axes)
    assert numbers_of(found)["movie"]["period"] == period
    (line,) = [line for line in found.warnings if "apart than side by side" in line]
    parted = axes.replace("T", f"TC{period}")
    assert f"--axes {parted} for channels" in line
    assert ("for depths" in line.split("--axes", 1)[1]) == ("Z" not in axes)


def test_the_command_names_the_axes_as_they_must_be_named_to_open_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite("a.tif", noise((12, 64, 80)).astype(np.float32), imagej=True)
    (found,) = inspect_files(InspectRequest(("a.tif",), "ZC2YX"), Progress(quiet=True))
    assert found.values["axes"] == "ZCYX"
    assert found.values["command"].startswith("n2v-train --stack a.tif --axes ZC2YX")


@pytest.mark.parametrize("shape", [(40, 1, 90), (40, 3, 90), (40, 90, 2), (3, 1, 90)])
def test_lines_have_numbers_and_say_how_they_make_an_image(shape):
    found = found_in(np.random.default_rng(0).poisson(50, shape).astype(np.uint16), "TYX")
    assert found.command is None and describe(found, None)
    (line,) = [line for line in found.warnings if "too small to learn from" in line]
    assert ("--axes" in line) == (shape[0] > 16)
