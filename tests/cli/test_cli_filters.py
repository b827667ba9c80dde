"""``n2v-denoise --method``: filters from file to file, without any network library."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from running import invoke

from n2v_tools.filters.names import NAMES
from n2v_tools.io.reader import open_stack, read_description

every_method = pytest.mark.parametrize("method", NAMES)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a noisy volume over time ``a.tif``, calibrated, a strip on one side."""
    rng = np.random.default_rng(0)
    signal = 20 + 60 * (np.indices((2, 6, 64, 72))[2] // 16 % 2)
    counts = (2 * rng.poisson(signal) + 100).astype(np.uint16)
    counts[1, :, :4] = 0
    tifffile.imwrite(
        tmp_path / "a.tif",
        counts,
        imagej=True,
        resolution=(4, 4),
        metadata={"axes": "TZYX", "spacing": 1.0, "unit": "um", "finterval": 2.5},
    )
    monkeypatch.chdir(tmp_path)
    return counts


def run(*words):
    return invoke("denoise", *words)


def result(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)
    return one


@every_method
@pytest.mark.parametrize("dims", [2, 3])
def test_a_file_is_filtered_and_keeps_its_axes_strips_and_calibration(here, method, dims):
    one = result("a.tif", "--method", method, "--dims", dims)
    assert (one["output"], one["axes"], one["dtype"]) == ("a_denoised.tif", "TZYX", "uint16")
    before, after = open_stack("a.tif"), open_stack("a_denoised.tif")
    assert after.axes == "TZYX"
    assert after.spacing == pytest.approx(before.spacing)
    assert after.unit == before.unit
    restored = np.asarray(after.array[:])
    np.testing.assert_array_equal(restored == 0, here == 0)
    flat = (0, 2, slice(20, 28))
    assert restored[flat].std() < 0.8 * here[flat].std()
    assert restored[0].mean() == pytest.approx(here[0].mean(), rel=0.02)


@every_method
def test_the_output_and_stderr_say_what_was_done_in_options_that_repeat_it(here, method):
    done = run("a.tif", "--method", method, "--json")
    (one,) = json.loads(done.stdout)
    assert one["method"] == method
    assert one["engine"] is None
    recorded = json.loads(read_description("a_denoised.tif"))
    assert recorded["filter"]["method"] == method
    assert recorded["filter"]["axes"] == "YX"
    assert recorded["filter"]["parameters"] == one["parameters"]
    assert "model" not in recorded
    (line,) = [line for line in done.stderr.splitlines() if "--method" in line]
    options = line.split("a.tif: ")[1].split(" (")[0].split()
    first = tifffile.imread("a_denoised.tif").astype(int)
    result("a.tif", *options, "--overwrite")
    assert np.abs(tifffile.imread("a_denoised.tif") - first).max() <= 1


def test_the_same_command_gives_the_same_bytes(here):
    words = ("a.tif", "--method", "gaussian", "--set", "auto=j-invariant", "--overwrite")
    result(*words)
    first = open("a_denoised.tif", "rb").read()
    result(*words)
    assert open("a_denoised.tif", "rb").read() == first


@pytest.mark.parametrize("words", [[], ["--dims", "3"]], ids=["2D", "3D"])
def test_parameters_are_chosen_without_truth(here, words):
    one = result("a.tif", "--method", "median", "--set", "auto=j-invariant", *words)
    assert one["parameters"][0]["size"][0] in (3, 5, 7, 9, 11)
    recorded = json.loads(read_description("a_denoised.tif"))
    assert "j-invariant" in recorded["filter"]["found"][0]


def test_photon_noise_is_stabilised(here):
    words = ("--set", "gain=2", "--set", "floor=-200")
    one = result("a.tif", "--method", "gaussian", "--variance-stabilise", *words)
    assert one["parameters"][0]["gain"] == 2
    assert json.loads(read_description("a_denoised.tif"))["filter"]["variance_stabilise"]
    restored = tifffile.imread("a_denoised.tif")
    assert restored[0].mean() == pytest.approx(here[0].mean(), rel=0.01)


def test_voxels_that_are_long_in_z_are_diffused_less_along_z(here):
    one = result("a.tif", "--method", "diffusion", "--dims", "3")
    assert one["parameters"][0]["spacing"] == [4, 1, 1]


def test_neither_tensorflow_nor_openvino_is_imported(here):
    code = (
        "import sys\n"
        "from n2v_tools.cli.main import cli\n"
        "for method in sys.argv[1:]:\n"
        "    words = ['denoise', 'a.tif', '--overwrite', '--method', method]\n"
        "    cli(words, standalone_mode=False)\n"
        "sys.exit(bool({'tensorflow', 'keras', 'openvino', 'medpy'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *NAMES], capture_output=True, env=environment
    )
    assert done.returncode == 0, done.stderr.decode()


def test_each_file_gets_its_own_parameters_and_one_that_fails_stops_no_other(here):
    tifffile.imwrite("flat.tif", here[0, 0], imagej=True, metadata={"axes": "YX"})
    tifffile.imwrite("b.tif", 100 * here[0] // 4, imagej=True, metadata={"axes": "ZYX"})
    whole = open("a.tif", "rb").read()
    with open("broken.tif", "wb") as file:
        file.write(whole[: len(whole) // 2])
    done = run(
        "a.tif", "b.tif", "broken.tif", "flat.tif", "--method", "diffusion", "--dims", "3", "--json"
    )
    assert done.exit_code == 1
    a, b, broken, flat = json.loads(done.stdout)
    assert b["parameters"][0]["kappa"] > 5 * a["parameters"][0]["kappa"]
    assert "error" in broken
    assert "--dims 2" in flat["error"]
    assert sorted(os.listdir()) == [
        "a.tif", "a_denoised.tif", "b.tif", "b_denoised.tif", "broken.tif", "flat.tif"
    ]  # fmt: skip


@every_method
@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((40, 40), 7, np.uint8), []),
        (np.zeros((3, 40, 40), np.uint16), []),
        (np.random.default_rng(0).normal(0, 1e30, (40, 40)).astype(np.float32), []),
        (np.random.default_rng(0).normal(-5, 1, (40, 40)).astype(np.float32), []),
        (np.arange(6, dtype=np.uint16).reshape(2, 3), []),
        (
            np.random.default_rng(0).integers(0, 255, (3, 40, 40)).astype(np.uint8),
            ["--axes", "CYX"],
        ),
    ],
    ids=["constant", "empty", "huge", "negative", "tiny", "channels"],
)
def test_odd_images_are_filtered_without_complaint(tmp_path, monkeypatch, method, pixels, words):
    monkeypatch.chdir(tmp_path)
    axes = "ZYX"[-pixels.ndim :]
    tifffile.imwrite("a.tif", pixels, imagej=True, metadata={"axes": axes})
    one = result("a.tif", "--method", method, *words)
    restored = tifffile.imread(one["output"])
    assert restored.shape == pixels.shape
    assert np.isfinite(restored).all()
    if pixels.min() == pixels.max():
        np.testing.assert_array_equal(restored, pixels)


@every_method
@pytest.mark.parametrize("value", [0, 41])
def test_a_channel_without_an_image_is_left_as_it_is_and_said(tmp_path, monkeypatch, method, value):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(1).poisson(60, (3, 48, 56)).astype(np.uint16)
    pixels[1] = value
    np.save("a.npy", pixels)
    done = run("a.npy", "--axes", "CYX", "--method", method)
    assert f"channel 1 is {value} throughout: it is left as it is" in done.stderr
    restored = np.asarray(open_stack("a_denoised.tif"))
    np.testing.assert_array_equal(restored[1], pixels[1])
    assert restored[0].std() < pixels[0].std()


@every_method
def test_nan_is_refused_or_filled_and_put_back(tmp_path, monkeypatch, method):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).normal(500, 20, (50, 60)).astype(np.float32)
    pixels[7, 9] = np.nan
    tifffile.imwrite("a.tif", pixels, imagej=True, metadata={"axes": "YX"})
    refused = run("a.tif", "--method", method)
    assert refused.exit_code == 1
    assert "Y 7, X 9" in refused.stderr
    assert not os.path.exists("a_denoised.tif")
    result("a.tif", "--method", method, "--nan", "fill")
    np.testing.assert_array_equal(np.isnan(tifffile.imread("a_denoised.tif")), np.isnan(pixels))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "diffusion", "--set", "gamma=0.3"], "0.25"),
        (["--method", "diffusion", "--dims", "3", "--set", "gamma=0.25"], "0.2424"),
        (["--method", "median", "--set", "size=3,3,3"], "Y,X"),
        (["--method", "nlm", "--set", "hh=3"], "Did you mean 'h'"),
        (["--method", "gaussian", "--set", "sigma=-1"], "0 or more"),
        (["--method", "gaussian", "--set", "gain=2"], "--variance-stabilise"),
        (["--method", "gaussian", "--set", "auto=jinvariant"], "j-invariant"),
    ],
)
def test_a_setting_that_cannot_be_is_wrong_usage_in_one_line(here, words, message):
    done = run("a.tif", *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert os.listdir() == ["a.tif"]


def test_noise_that_cannot_be_stabilised_is_one_line_and_nothing_is_written(here):
    tifffile.imwrite("s.tif", here[0, 0, :30, :30], imagej=True, metadata={"axes": "YX"})
    done = run("s.tif", "--method", "nlm", "--variance-stabilise")
    assert done.exit_code == 1
    assert "--set gain=" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(os.listdir()) == ["a.tif", "s.tif"]


def test_what_exists_is_skipped_and_a_frame_is_taken(here):
    result("a.tif", "--method", "median", "--frame", "1")
    assert open_stack("a_t0001_denoised.tif").axes == "ZYX"
    done = run("a.tif", "--method", "median", "--frame", "1", "--skip-existing")
    assert done.exit_code == 0
    assert "skipped" in done.stderr


def test_inputs_that_carry_the_suffix_are_left_out_with_a_word(here):
    for name in ("a_noisy", "b_noisy", "c"):
        tifffile.imwrite(f"{name}.tif", here[0], imagej=True, metadata={"axes": "ZYX"})
    done = run(".", "--method", "median", "--suffix", "_noisy", "--skip-existing")
    assert "left out 1 named like outputs of '_noisy', such as a_noisy.tif" in done.stderr
    assert "left out 1 whose names end in '_noisy' as outputs do, such as b_noisy" in done.stderr
    assert "left out" not in run("c.tif", "--method", "median").stderr


def test_a_folder_with_a_damaged_file_ends_with_the_number_of_failures(here):
    whole = open("a.tif", "rb").read()
    with open("broken.tif", "wb") as file:
        file.write(whole[: len(whole) // 2])
    done = run(".", "--method", "median")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == "1 of 2 inputs failed."
