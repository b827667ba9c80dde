"""``n2v-denoise --uncertainty``: two files that belong together."""

import json
import os

import numpy as np
import pytest
import tifffile
from numpy.random import default_rng
from running import invoke

from n2v_tools import openvino_backend
from n2v_tools.io.reader import open_stack, read_description
from n2v_tools.jobs.denoise import one as denoise_one

BOTH = ["in/a_denoised.tif", "in/a_denoised_uncertainty.tif"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("in/a.tif")


def save(path, axes="ZYX", shape=(2, 130, 140), strips=True):
    pixels = default_rng(0).poisson(100, shape).astype(np.uint16)
    if strips:
        pixels[..., :5] = 0
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": axes, "spacing": 2.5})
    return pixels


def run(*words, how=("--method", "gaussian")):
    return invoke("denoise", *words, *how, "--uncertainty")


def test_the_second_file_stands_beside_and_is_like_the_first():
    done = run("in/a.tif", "--json")
    assert done.exit_code == 0, done.output
    (result,) = json.loads(done.stdout)
    assert [result["output"], result["uncertainty"]] == BOTH
    noisy, restored, claimed = (tifffile.imread(name) for name in ("in/a.tif", *BOTH))
    assert claimed.dtype == np.float32 and claimed.shape == restored.shape
    np.testing.assert_array_equal(claimed == 0, noisy == 0)
    error = restored[noisy > 0] - 100.0
    claim = float(np.sqrt((claimed[noisy > 0] ** 2).mean()))
    assert claim == pytest.approx(float(np.sqrt((error**2).mean())), rel=0.3)
    assert 0 < result["typical_error"] <= claim  # rounding to whole counts comes on top
    one, other = (open_stack(name) for name in BOTH)
    assert (one.axes, one.spacing, one.unit) == (other.axes, other.spacing, other.unit)
    record = json.loads(read_description(BOTH[1]))
    assert record["input"] == "a.tif"
    assert "standard deviation" in record["uncertainty"]["values"]


def test_stdout_is_one_line_for_each_file():
    done = run("in/a.tif")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == BOTH


def test_a_folder_is_never_fed_its_own_uncertainties():
    assert run("in").exit_code == 0
    again = run("in", "--overwrite", "--json")
    assert [one["input"] for one in json.loads(again.stdout)] == ["in/a.tif"]
    named = run("in/a.tif", *BOTH, "--overwrite", "--json")  # as a shell spells in/*.tif
    assert [one["input"] for one in json.loads(named.stdout)] == ["in/a.tif"]
    assert sorted(os.listdir("in")) == ["a.tif", *(os.path.basename(name) for name in BOTH)]


@pytest.mark.parametrize("there", BOTH)
def test_either_file_in_the_way_refuses_both_before_any_work(there):
    with open(there, "w") as file:
        file.write("mine")
    done = run("in/a.tif")
    assert done.exit_code == 1
    assert there in done.stderr and "--overwrite" in done.stderr
    assert sorted(os.listdir("in")) == sorted(["a.tif", os.path.basename(there)])
    halves = run("in/a.tif", "--skip-existing")  # half of a pair is not done
    assert halves.exit_code == 1 and "made together" in halves.stderr
    with open(there) as file:
        assert file.read() == "mine"
    assert run("in/a.tif", "--overwrite").exit_code == 0
    assert run("in/a.tif", "--skip-existing").stdout == ""


def test_an_error_on_the_way_leaves_neither(monkeypatch):
    def full(*args, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(denoise_one, "to_dtype", full)
    assert run("in/a.tif").exit_code == 1
    assert os.listdir("in") == ["a.tif"]


def test_an_uncertainty_of_an_earlier_output_is_warned_of():
    assert run("in/a.tif").exit_code == 0
    words = ["denoise", "in/a.tif", "--method", "gaussian", "--overwrite"]
    done = invoke(*words)
    assert done.exit_code == 0
    assert "belongs to an earlier a_denoised.tif" in done.stderr


def test_a_frame_a_format_and_a_type_apply_to_both():
    save("in/m.tif", "TYX", (3, 130, 140), strips=False)
    done = run("in/m.tif", "--frame", "1", "--format", "ome-tiff", "--dtype", "float32", "--json")
    (result,) = json.loads(done.stdout)
    assert result["uncertainty"] == "in/m_t0001_denoised_uncertainty.ome.tif"
    assert tifffile.imread(result["uncertainty"]).shape == (130, 140)


def test_a_file_whose_noise_cannot_be_measured_fails_alone():
    tifffile.imwrite("in/flat.tif", np.full((64, 64), 9, np.uint16))
    done = run("in/a.tif", "in/flat.tif", "--json")
    assert done.exit_code == 1
    fine, failed = json.loads(done.stdout)
    assert "error" not in fine
    assert "flat.tif: its noise cannot be measured" in failed["error"]
    assert not any(name.startswith("flat_") for name in os.listdir("in"))


@pytest.mark.skipif(not openvino_backend.available(), reason="there are no OpenVINO wheels here")
def test_both_engines_say_the_same():
    found = {}
    for engine in ("tensorflow", "openvino"):
        how = ["--model", "quick_look", "--engine", engine, "--precision", "float32"]
        done = run("in/a.tif", "--suffix", f"_{engine}", "--json", how=how)
        assert done.exit_code == 0, done.output
        found[engine] = tifffile.imread(json.loads(done.stdout)[0]["uncertainty"])
    np.testing.assert_allclose(found["openvino"], found["tensorflow"], rtol=0.01, atol=1e-3)
