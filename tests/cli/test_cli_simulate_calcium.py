"""``n2v-simulate calcium`` as a user runs it."""

import csv
import json
import os

import numpy as np
import pytest
import tifffile
from running import invoke

from n2v_tools.io.reader import open_stack
from n2v_tools.jobs.simulate.request import CalciumRequest
from n2v_tools.simulate.calcium import Calcium
from n2v_tools.simulate.detector import Detector
from n2v_tools.simulate.transients import Indicator

SMALL = ("--shape", "70,64,80")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words):
    return invoke("simulate", "calcium", *words)


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_movies_and_tables_appear_with_axes_and_calibration():
    done = run("--output", "new/d", "--name", "x", "--json", *SMALL)
    assert done.exit_code == 0, done.output
    paths = json.loads(done.stdout)
    assert paths == {
        "noisy": "new/d/x_noisy.tif", "clean": "new/d/x_clean.tif",
        "traces": "new/d/x_traces.csv", "neurons": "new/d/x_neurons.csv",
    }  # fmt: skip
    assert sorted(os.listdir("new/d")) == sorted(os.path.basename(p) for p in paths.values())
    for kind, dtype in (("noisy", np.uint16), ("clean", np.float32)):
        stack = open_stack(paths[kind])
        assert (stack.axes, stack.array.shape, stack.dtype) == ("TYX", (70, 64, 80), dtype)
        assert stack.spacing["T"] == pytest.approx(1 / 30)
        assert stack.spacing["Y"] == stack.spacing["X"] == pytest.approx(1)
    with tifffile.TiffFile(paths["noisy"]) as file:
        record = json.loads(file.imagej_metadata["Info"])
        assert file.imagej_metadata["finterval"] == pytest.approx(1 / 30)
    assert record["simulated"] == "calcium" and record["photons"] == CalciumRequest.photons
    assert record["offset"] > 0 and record["gain"] > 0


def test_tables_agree_with_each_other_and_with_the_movie():
    assert run(*SMALL, "--photons", "30", "--rate", "4", "--bleaching", "0").exit_code == 0
    traces, neurons = table("calcium_traces.csv"), table("calcium_neurons.csv")
    assert len(traces) == 70 * len(neurons)
    clean = tifffile.imread("calcium_clean.tif").astype(float)
    y, x = np.mgrid[:64, :80]
    alike = []
    for number, neuron in enumerate(neurons):
        own = [row for row in traces if row["neuron"] == str(number)]
        assert [int(row["frame"]) for row in own] == list(range(70))
        spikes = np.array(neuron["spike_seconds"].split(), float)
        times = np.array([float(row["seconds"]) for row in own])
        told = np.array([int(row["spikes"]) for row in own])
        seen = [((spikes > t - 1 / 30) & (spikes <= t)).sum() for t in np.arange(70) / 30]
        assert told.sum() == len(spikes)
        assert np.abs(np.array(seen) - told).sum() <= 2  # times are rounded
        np.testing.assert_allclose(times, np.arange(70) / 30, atol=1e-4)
        dff = np.array([float(row["dff"]) for row in own])
        light = np.array([float(row["fluorescence"]) for row in own])
        np.testing.assert_allclose(light / (1 + dff), (light / (1 + dff))[0], rtol=1e-3)
        inside = np.hypot(y - float(neuron["y"]), x - float(neuron["x"])) < float(neuron["radius"])
        if dff.std() > 0.1:
            alike.append(np.corrcoef(clean[:, inside].mean(axis=1), dff)[0, 1])
    assert len(alike) >= 2 and np.median(alike) > 0.9


def test_equal_seeds_give_equal_files_and_others_do_not():
    for name, seed in {"a": "1", "b": "1", "c": "2"}.items():
        assert run("--name", name, "--seed", seed, "--shape", "5,48,48").exit_code == 0
    for end in ("noisy.tif", "clean.tif", "traces.csv", "neurons.csv"):
        a, b, c = (open(f"{name}_{end}", "rb").read() for name in "abc")
        assert a == b != c


@pytest.mark.parametrize("end", ["noisy.tif", "clean.tif", "traces.csv", "neurons.csv"])
def test_nothing_is_replaced_unasked(end):
    there = f"calcium_{end}"
    with open(there, "w") as file:
        file.write("mine")
    refused = run("--shape", "5,48,48")
    assert refused.exit_code == 1
    assert there in refused.stderr and len(refused.stderr.splitlines()) == 1
    assert os.listdir(".") == [there] and open(there).read() == "mine"
    assert run("--shape", "5,48,48", "--overwrite", "-q").exit_code == 0
    assert len(os.listdir(".")) == 4 and open(there, "rb").read(4) != b"mine"


def test_no_neurons_leave_empty_tables():
    assert run("--neurons", "0", "--shape", "5,48,48").exit_code == 0
    assert table("calcium_traces.csv") == table("calcium_neurons.csv") == []


@pytest.mark.parametrize("shape", ["1,64,64", "9,16,64", "9,64", "1,1,64,64"])
def test_shapes_that_cannot_be_are_wrong_usage_in_one_line(shape):
    done = run("--shape", shape)
    assert done.exit_code == 2
    assert "300,256,256" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not os.listdir(".")


def test_defaults_are_those_of_the_generator():
    asked, made = CalciumRequest(), Calcium(CalciumRequest.shape)
    assert (asked.photons, asked.rate, asked.bleaching, asked.drift, asked.neurons) == (
        made.photons, made.rate_hz, made.bleaching, made.drift_px, made.neurons,
    )  # fmt: skip
    assert Indicator(asked.rise, asked.decay, asked.amplitude) == made.indicator == Indicator()
    assert Detector(row_noise=asked.row_noise, x_correlation=asked.x_correlation) == made.detector


def test_one_plane_may_be_written_as_for_other_kinds():
    done = run("--shape", "33,1,64,64", "--name", "x")
    assert done.exit_code == 0, done.output
    assert open_stack("x_noisy.tif").sizes == {"T": 33, "Y": 64, "X": 64}
