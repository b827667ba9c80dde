"""DeepCAD from the command line: train, denoise, and denoise as the original does."""

import json

import numpy as np
import pytest
import tifffile
from running import invoke

from n2v_tools.io.reader import read_description
from n2v_tools.methods.deepcad.net import DeepCADNet
from n2v_tools.modelfolder import write_config
from n2v_tools.nets.unet import NetSettings


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with models ``deepcad`` and ``plain`` and a movie ``m.tif``."""
    for name, settings, axes in (
        ("deepcad", DeepCADNet(3, depth=3, first_filters=2), "TYX"),
        ("plain", NetSettings(2, depth=1, first_filters=2), "YX"),
    ):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        write_config(folder, settings, axes=axes, means=[100], stds=[10], method=name)
        settings.build().save_weights(folder / "weights_best.h5")
    movie = np.random.default_rng(0).poisson(100, (40, 32, 40)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "m.tif", movie, imagej=True, metadata={"axes": "TYX"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return invoke(*words)


def denoise(*words):
    done = run("denoise", "m.tif", "--json", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)[0]


def test_a_movie_keeps_its_frames_and_its_axes(here):
    result = denoise("--model", "deepcad")
    assert result["axes"] == "TYX"
    assert tifffile.imread(result["output"]).shape == (40, 32, 40)


def test_the_original_s_way_is_another_and_is_recorded(here):
    usual = denoise("--model", "deepcad", "--dtype", "float32")
    words = ["--set", "legacy_rescale=true", "--set", "patch_px=16,16,16", "--suffix", "_legacy"]
    result = denoise("--model", "deepcad", "--dtype", "float32", *words)
    a, b = (tifffile.imread(one["output"]) for one in (usual, result))
    assert a.shape == b.shape
    assert not np.allclose(a, b, atol=0.01)
    recorded = json.loads(read_description(result["output"]))["settings"]
    assert recorded["legacy_rescale"] is True
    assert (recorded["patch_px"], recorded["overlap"]) == ([16, 16, 16], 0.6)
    assert result["engine"] == "tensorflow"


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        (["--model", "plain", "--set", "legacy_rescale=true"], "a model of deepcad"),
        (["--model", "deepcad", "--set", "legacy_rescal=true"], "legacy_rescale"),
        (["--model", "deepcad", "--set", "overlap=0.3"], "legacy_rescale=true"),
        (["--model", "deepcad", "--set", "legacy_rescale=true", "--tta"], "--tta"),
        (["--model", "deepcad", "--set", "legacy_rescale=true", "--engine", "openvino"], "engine"),
    ],
)
def test_what_cannot_be_set_is_refused_before_any_work(here, words, heard):
    done = run("denoise", "m.tif", *words)
    assert done.exit_code == 2
    assert heard in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(here.glob("*_denoised*"))


def test_a_training_leaves_a_model_that_denoises(here):
    words = ["--patch", "8,16,16", "--epochs", "2", "--steps", "2", "--set", "unet_n_first=2"]
    done = run("train", "--stack", "m.tif", "--method", "deepcad", "--model", "new", *words)
    assert done.exit_code == 0, done.output
    config = json.loads((here / "models/new/config.json").read_text())
    assert config["n2v_tools"]["layout"] == "deepcad"
    assert config["n2v_tools"]["axes"] == "TYX"
    assert float(config["stds"][0]) == pytest.approx(10, rel=0.1)
    assert (
        "DeepCAD"
        in json.loads((here / "models/new/provenance.json").read_text())["needs_n2v_tools"][0]
    )
    result = denoise("--model", "new", "--suffix", "_new")
    assert tifffile.imread(result["output"]).shape == (40, 32, 40)


def test_as_published_counts_are_not_divided_by_their_deviation(here):
    words = ["--patch", "8,16,16", "--epochs", "1", "--steps", "1", "--set", "unet_n_first=2"]
    words += ["--preset", "deepcad-rt", "--model", "new"]
    assert run("train", "--stack", "m.tif", "--method", "deepcad", *words).exit_code == 0
    config = json.loads((here / "models/new/config.json").read_text())
    assert float(config["means"][0]) == pytest.approx(100, rel=0.05)
    assert float(config["stds"][0]) == 1


def test_a_movie_too_short_to_part_is_refused_in_one_line(here):
    short = np.random.default_rng(0).poisson(100, (15, 32, 32)).astype(np.uint16)
    tifffile.imwrite("short.tif", short, imagej=True, metadata={"axes": "TYX"})
    done = run("train", "--stack", "short.tif", "--method", "deepcad")
    assert done.exit_code == 1
    assert "15 frames" in done.stderr and "--method n2v" in done.stderr
