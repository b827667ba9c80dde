"""Counts below a tenth of a photon a pixel: trained on, restored and evaluated with truth."""

import json

import numpy as np
import pytest
import tifffile
from running import run_command as run

TINY = ["--patch", 32, "--set", "unet_n_first=8", "--set", "unet_n_depth=2"]
SHORT = ["--epochs", 4, "--steps", 40, "--set", "learning_rate=0.004", "--set", "precision=float32"]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """A folder with a movie of still cells under 0.05 photons a pixel, and the truth."""
    folder = tmp_path_factory.mktemp("photons")
    rng, (y, x) = np.random.default_rng(7), np.mgrid[:112, :120]
    truth = np.full((112, 120), 0.01)
    for _ in range(9):
        at = rng.integers(0, 112, 2)
        size = rng.uniform(60, 250)
        truth += rng.uniform(0.1, 0.3) * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / size)
    clean = np.repeat(truth[np.newaxis], 24, axis=0).astype(np.float32)
    assert clean.mean() < 0.1
    for name, movie in (("noisy", rng.poisson(clean).astype(np.uint8)), ("clean", clean)):
        tifffile.imwrite(folder / f"a_{name}.tif", movie, imagej=True, metadata={"axes": "TYX"})
    return folder


@pytest.fixture(scope="module")
def training(cells):
    where = ["--models", cells / "models", "--model", "m", "--keep-strips"]
    return run("train", "--stack", cells / "a_noisy.tif", "--method", "n2v", *where, *TINY, *SHORT)


def test_the_training_says_how_it_learns_and_no_more(training):
    assert "fewer than 3 photons" in training.stderr
    assert "Warning" not in training.stderr


def test_what_is_restored_is_near_the_truth_and_as_bright(training, cells):
    noisy = tifffile.imread(cells / "a_noisy.tif")
    truth = tifffile.imread(cells / "a_clean.tif")
    how = ["--models", cells / "models", "--model", "m", "--keep-strips", "--overwrite"]
    done = run("denoise", cells / "a_noisy.tif", *how)
    assert "float32" in done.stdout and "Warning" not in done.stderr
    restored = tifffile.imread(cells / "a_noisy_denoised.tif")
    assert np.abs(restored.mean() - noisy.mean()) < 0.05 * noisy.std()
    error = np.sqrt(np.mean((restored - truth) ** 2))
    assert error < 0.2 * np.sqrt(np.mean((noisy - truth) ** 2))
    assert error < 0.7 * truth.std()  # the mean alone would be as good as 1


def test_the_gain_is_measured_against_the_truth(training, cells):
    how = ["--models", cells / "models", "--model", "m", "--keep-strips", "--overwrite"]
    run("denoise", cells / "a_noisy.tif", *how)
    files = ["--restored", cells / "a_noisy_denoised.tif", "--clean", cells / "a_clean.tif"]
    done = run("evaluate", *files, "--noisy", cells / "a_noisy.tif", "--keep-strips", "--json")
    scores = json.loads(done.stdout)
    assert scores["psnr"]["gain"]["low"] > 10
    assert scores["si_psnr"]["gain"]["low"] > 3
    assert scores["ssim"]["gain"]["low"] > 0.1
