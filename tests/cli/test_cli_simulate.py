"""``n2v-simulate`` as a user runs it."""

import json
import os

import numpy as np
import pytest
import tifffile
from running import invoke

from n2v_tools.io.reader import open_stack
from n2v_tools.jobs.simulate.request import SimulateRequest
from n2v_tools.simulate.dome import Dome

SMALL = ("--shape", "2,3,48,64")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words):
    return invoke("simulate", "dome", *words)


def test_two_files_with_equal_strips_axes_and_calibration():
    done = run("--output", "new/d", "--name", "x", *SMALL)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["new/d/x_noisy.tif", "new/d/x_clean.tif"]
    noisy, clean = (open_stack(path) for path in done.stdout.splitlines())
    assert (noisy.axes, noisy.array.shape, noisy.dtype) == ("TZYX", (2, 3, 48, 64), np.uint16)
    assert (clean.axes, clean.array.shape, clean.dtype) == ("TZYX", (2, 3, 48, 64), np.float32)
    assert noisy.spacing == clean.spacing
    assert set(noisy.spacing) == set("TZYX")
    np.testing.assert_array_equal(noisy.array[:] == 0, clean.array[:] == 0)
    assert (noisy.array[:] == 0).any()


def test_equal_seeds_give_equal_files_and_others_do_not():
    names = {"a": "1", "b": "1", "c": "2"}
    for name, seed in names.items():
        assert run("--name", name, "--seed", seed, *SMALL).exit_code == 0
    a, b, c = (open(f"{name}_noisy.tif", "rb").read() for name in names)
    assert a == b != c


def test_nothing_is_replaced_unasked():
    assert run(*SMALL).exit_code == 0
    before = open("dome_clean.tif", "rb").read()
    os.remove("dome_noisy.tif")
    refused = run(*SMALL, "--seed", "5", "--json")
    assert refused.exit_code == 1
    assert "dome_clean.tif" in json.loads(refused.stdout)["error"]
    assert os.listdir(".") == ["dome_clean.tif"]
    assert open("dome_clean.tif", "rb").read() == before
    assert run(*SMALL, "--seed", "5", "--overwrite").exit_code == 0
    assert open("dome_clean.tif", "rb").read() != before


def test_photons_set_the_signal():
    for photons in ("5", "20"):
        assert run("--name", photons, "--photons", photons, *SMALL).exit_code == 0
    low, high = (tifffile.imread(f"{photons}_clean.tif") for photons in ("5", "20"))
    offset = Dome((1, 1, 16, 16)).camera.offset
    ratio = (high[high > 0] - offset).mean() / (low[low > 0] - offset).mean()
    assert ratio == pytest.approx(4, rel=0.05)


def test_sizes_too_small_are_wrong_usage():
    assert run("--shape", "1,1,4,4").exit_code == 2


def test_the_default_signal_is_that_of_the_generator():
    assert SimulateRequest.photons == Dome((1, 1, 16, 16)).photons


def test_structured_noise_has_a_truth_and_records_how_it_was_made():
    done = invoke("simulate", "structured", "--kind", "5x1", "--shape", "1,2,96,96", "--name", "s")
    assert done.exit_code == 0, done.output
    noisy, clean = (tifffile.imread(path) for path in done.stdout.splitlines())
    assert (noisy.dtype, clean.dtype, noisy.shape) == (np.uint16, np.float32, clean.shape)
    assert (noisy - clean).std() / clean.std() == pytest.approx(1, rel=0.1)
    with tifffile.TiffFile("s_noisy.tif") as file:
        record = json.loads(file.imagej_metadata["Info"])
    assert record["kind"] == "5x1"
    assert record["noise_deviation"] == pytest.approx((noisy - clean).std(), rel=0.1)
    assert clean.min() > record["offset"] > 0 and record["gain"] > 0
