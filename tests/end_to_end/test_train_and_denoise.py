"""The main job through the real commands, on small generated data.

Commands run in this process but for those that are killed, race another, start cold on a
clock, or repeat elsewhere what this process did.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from running import run_command as run

from n2v_tools import modelfolder
from n2v_tools.io.layout import Layout
from n2v_tools.io.reader import open_stack, read_description
from n2v_tools.io.writer import create_stack
from n2v_tools.prepare.strips import find_strips

QUICK = ["--epochs", "2", "--steps", "4", "--set", "unet_n_first=4", "--set", "precision=float32"]
SHALLOW = [*QUICK, "--set", "unet_n_depth=1"]  # where the net does not matter: faster to begin


def command(*words):
    return [sys.executable, "-m", "n2v_tools.cli", *map(str, words)]


def run_elsewhere(*words):
    """Run a command in a process of its own, and return what came of it."""
    done = subprocess.run(command(*words), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def dome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dome")
    run("simulate", "dome", "--output", folder, "--name", "a", "--shape", "2,5,80,96")
    return folder / "a_noisy.tif"


@pytest.fixture(scope="module")
def trained(dome):
    models = dome.parent / "models"
    done = run("train", "--stack", dome, "--models", models, "--patch", 32, *QUICK, "--json")
    result = json.loads(done.stdout)
    assert set(result) >= {"model", "best_val_loss", "steps", "seconds"}
    assert result["steps"] == 8
    return models / "a_noisy_n2v"


def write_stack(path, array, axes, spacing=None, unit=None):
    sizes = dict(zip(axes, array.shape, strict=True))
    layout = Layout(axes, sizes, array.dtype, spacing or {}, unit)
    with create_stack(path, layout) as writer:
        outer = [axis for axis in axes if axis not in "YX"]
        for at in np.ndindex(*(sizes[axis] for axis in outer)):
            writer.write(dict(zip(outer, at, strict=True)), array[at])
    return path


def test_a_finished_folder_holds_what_is_promised_and_nothing_else(trained):
    assert {path.name for path in trained.iterdir()} == {
        "config.json", "provenance.json", "training.csv", "training.png",
        "weights_best.h5", "weights_last.h5",
    }  # fmt: skip
    record = json.loads((trained / "provenance.json").read_text())
    assert record["seed"] == 0
    assert len(record["inputs"][0]["files"][0]["sha256"]) == 64
    assert record["patches"]["train"] == pytest.approx(9 * record["patches"]["validation"], rel=0.1)


def test_n2v_itself_loads_the_folder_and_predicts_the_same(trained, dome):
    n2v = pytest.importorskip("n2v.models", reason="n2v is not installed here")
    theirs = n2v.N2V(config=None, name=trained.name, basedir=str(trained.parent))
    plane = open_stack(dome).plane({"T": 0, "Z": 2}).astype(np.float32)
    y0, y1, x0, x1 = max(find_strips(plane).boxes())
    plane = plane[y0:y1, x0:x1]
    path = write_stack(dome.parent / "plane.tif", plane, "YX")
    run("denoise", path, "--model", trained, "--dtype", "float32")
    ours = np.asarray(open_stack(dome.parent / "plane_denoised.tif").array[:])
    expected = theirs.predict(plane, "YX")
    np.testing.assert_allclose(ours, expected, atol=1e-4 * expected.std())


def test_the_output_keeps_axes_calibration_and_strips_and_says_what_was_done(trained, dome):
    done = run("denoise", dome, "--model", trained, "--json", "--suffix", "_kept")
    (record,) = json.loads(done.stdout)
    noisy, restored = open_stack(dome), open_stack(record["output"])
    assert (restored.axes, restored.sizes) == (noisy.axes, noisy.sizes)
    assert restored.dtype == np.uint16
    assert dict(restored.spacing) == pytest.approx(dict(noisy.spacing))
    assert restored.unit == noisy.unit
    for place, plane in noisy.planes():
        strips = find_strips(plane)
        after = restored.plane(place)
        assert not after[strips.rows].any() and not after[:, strips.columns].any()
        assert after[np.ix_(~strips.rows, ~strips.columns)].all()
    text = read_description(record["output"])
    assert trained.name in text and "n2v_tools" in text


def test_a_taken_name_is_refused_before_work_and_replaced_only_when_told_to(trained, dome):
    before = (trained / "weights_best.h5").read_bytes()
    words = ["train", "--stack", dome, "--models", trained.parent, "--patch", 32, *QUICK]
    done = run(*words, "--seed", 3, code=1)
    assert "exists already" in done.stderr
    assert (trained / "weights_best.h5").read_bytes() == before


def test_two_trainings_of_one_name_at_once_leave_one_model(dome, tmp_path):
    words = command("train", "--stack", dome, "--models", tmp_path, "--patch", 32, *SHALLOW)
    both = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], errors
    assert modelfolder.read_model(tmp_path / "a_noisy_n2v").n_channels == 1


def weights(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "shape") else None
        )
    return found


def _n_lines(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_killed_training_is_refused_by_denoise_and_resumes_to_the_unbroken_result(dome, tmp_path):
    words = ["train", "--stack", dome, "--patch", 32, "--epochs", 24, "--steps", 4]
    words += SHALLOW[4:]
    run(*words, "--models", tmp_path / "whole", "--model", "m")
    here = [*words, "--models", tmp_path / "broken", "--model", "m"]
    process = subprocess.Popen(command(*here), stderr=subprocess.DEVNULL)
    partial = tmp_path / "broken" / "m.partial"
    deadline = time.monotonic() + 60
    while _n_lines(partial / "training.csv") < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert partial.exists() and not (tmp_path / "broken" / "m").exists()
    refused = run("denoise", dome, "--model", partial, code=1)
    assert "--resume" in refused.stderr
    assert "--resume" in run(*here, code=1).stderr
    other = run(*here, "--resume", "--seed", 9, code=2)
    assert "seed" in other.stderr
    before = (partial / "training.csv").read_text().splitlines()
    run(*here, "--resume")
    after = (tmp_path / "broken" / "m" / "training.csv").read_text().splitlines()
    # Seconds and all: what was learned before the kill was kept, not learned again.
    assert after[: len(before) - 1] == before[:-1] and len(before) > 2
    for name in ("weights_best.h5", "weights_last.h5"):
        ours = weights(tmp_path / "broken" / "m" / name)
        for key, value in weights(tmp_path / "whole" / "m" / name).items():
            np.testing.assert_allclose(ours[key], value, rtol=1e-3, atol=1e-4)
    assert not partial.exists()


def test_equal_commands_give_equal_models(trained, dome, tmp_path):
    run_elsewhere("train", "--stack", dome, "--models", tmp_path, "--patch", 32, *QUICK)
    folders = (trained, tmp_path / trained.name)
    first, second = (weights(folder / "weights_best.h5") for folder in folders)
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])


@pytest.mark.parametrize("method", ["n2v", "n2v2"])
def test_a_3d_model_restores_volumes_and_each_time_point(dome, tmp_path, method):
    data = np.random.default_rng(0).normal(300, 30, (2, 8, 40, 48)).clip(1).astype(np.uint16)
    stack = write_stack(tmp_path / "v.tif", data, "TZYX", {"Z": 2.0, "Y": 0.5, "X": 0.5}, "micron")
    run(
        "train", "--stack", stack, "--method", method, "--patch", "8,16,16", "--models", tmp_path,
        "--model", "m", "--patches", 40, *SHALLOW,
    )  # fmt: skip
    assert modelfolder.read_model(tmp_path / "m").axes == "ZYX"
    run("denoise", stack, "--model", tmp_path / "m")
    restored = np.asarray(open_stack(tmp_path / "v_denoised.tif").array[:])
    assert restored.shape == data.shape
    assert restored.std() < data.std()


@pytest.mark.parametrize("joint", ["true", "false"])
def test_several_channels_train_jointly_or_each_for_itself(tmp_path, joint):
    data = np.random.default_rng(0).normal(300, 30, (2, 6, 48, 48)).clip(1).astype(np.uint16)
    stack = write_stack(tmp_path / "c.tif", data.swapaxes(0, 1), "ZCYX")
    done = run(
        "train", "--stack", stack, "--patch", 16, "--models", tmp_path, "--model", "m",
        "--set", f"joint_channels={joint}", *SHALLOW,
    )  # fmt: skip
    model = modelfolder.read_model(tmp_path / "m")
    assert model.n_channels == 2
    assert ("needs n2v_tools" in done.stdout) == (joint == "false")
    run("denoise", stack, "--model", tmp_path / "m")
    one = write_stack(tmp_path / "one.tif", data[0], "ZYX")
    refused = run("denoise", one, "--model", tmp_path / "m", code=1)
    assert "2" in refused.stderr


def test_a_clock_is_kept_and_what_it_decided_repeats_the_training(dome, tmp_path):
    began = time.monotonic()
    words = ["train", "--stack", dome, "--models", tmp_path, "--patch", 32]
    words += ["--set", "unet_n_first=4", "--set", "unet_n_depth=1"]
    words += ["--set", "steps_per_epoch=50"]
    said = run_elsewhere(*words, "--model", "clock", "--minutes", 0.25).stderr
    assert time.monotonic() - began < 15 + 6
    (line,) = [line for line in said.splitlines() if line.startswith("the same training again")]
    assert len(line) < 300 + 2 * len(str(tmp_path))
    repeat = shlex.split(line.split("--minutes ", 1)[1])
    record = json.loads((tmp_path / "clock" / "provenance.json").read_text())
    assert repeat[:4] == record["repeat_with"][:4]
    run(*words, "--model", "again", *repeat)
    first, second = (weights(tmp_path / n / "weights_last.h5") for n in ("clock", "again"))
    for key, value in first.items():
        np.testing.assert_allclose(second[key], value, rtol=1e-3, atol=1e-4)


def test_a_dry_run_tells_the_plan_and_writes_nothing(dome, tmp_path):
    done = run("train", "--stack", dome, "--models", tmp_path / "none", "--dry-run")
    for word in ("TZYX", "strips", "patches", "memory", "time"):
        assert word in done.stdout
    assert not (tmp_path / "none").exists()


def write_npy(path, array):
    np.save(path, array)
    return path


BAD_INPUTS = {
    "missing": (None, [], "missing.npy"),
    "constant": (np.full((3, 64, 64), 7, np.uint16), ["--axes", "ZYX"], "7"),
    "all zero": (np.zeros((3, 64, 64), np.uint16), ["--axes", "ZYX"], "zero"),
    "NaN": (np.full((3, 64, 64), np.nan, np.float32), ["--axes", "ZYX"], "NaN"),
    "wrong axes": (np.ones((3, 64, 64), np.uint16), ["--axes", "YX"], "--axes ZYX"),
    "no axes": (np.ones((3, 64, 64), np.uint16), [], "--axes"),
    "too small": (np.arange(9.0).reshape(3, 3), ["--axes", "YX"], "3 x 3"),
}


@pytest.mark.parametrize("array, words, said", BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_bad_input_to_training_gets_one_line_and_leaves_nothing(tmp_path, array, words, said):
    path = tmp_path / ("missing.npy" if array is None else "a.npy")
    if array is not None:
        np.save(path, array)
    done = run("train", "--stack", path, *words, "--models", tmp_path / "models", code=1)
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert len(lines) == 1 and said in lines[0]
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "models").glob("*"))
