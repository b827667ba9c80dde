"""Functions give what the commands of their name give, to the bit, from files and from memory."""

import json
import math

import h5py
import numpy as np
import pytest
from running import run_command

from n2v_tools import denoise, evaluate, inspect, open_stack, train
from n2v_tools.trust.quality import judge_restored

TINY = {"unet_n_first": 4, "unet_n_depth": 1, "precision": "float32"}

NAMES = ("--restored", "--clean", "--noisy")
LENGTH = ["--epochs", "1", "--steps", "6", "--patch", "32"]


def run(*words):
    return run_command(*words).stdout


@pytest.fixture(scope="module")
def by_command(dome_file, tmp_path_factory):
    """Folder of the model that the command trains, and its restored file."""
    models = tmp_path_factory.mktemp("models")
    tiny = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
    run("train", "--stack", dome_file, "--axes", "TZYX", "--models", models, *LENGTH, *tiny)
    folder = models / "dome_n2v"
    run("denoise", dome_file, "--axes", "TZYX", "--model", folder, "--output", models)
    return folder, models / "dome_denoised.tif"


@pytest.fixture(scope="module")
def by_function(dome, tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    return train(
        dome[0], axes="TZYX", patch=32, epochs=1, steps=6, settings=TINY, models_dir=models
    )


def weights(folder):
    values = {}
    with h5py.File(folder / "weights_best.h5") as file:
        file.visititems(lambda n, x: values.update({n: x[()]}) if hasattr(x, "dtype") else None)
    return values


def test_training_on_an_array_gives_the_weights_that_the_command_gives(by_command, by_function):
    expected, found = weights(by_command[0]), weights(by_function.folder)
    assert expected.keys() == found.keys() and len(found) > 4
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_model_is_as_the_command_leaves_it_and_knows_its_pixels(by_command, by_function):
    assert by_function.axes == "YX" and by_function.method == "n2v"
    (taken,) = by_function.provenance["inputs"]
    assert taken["files"] == [] and len(taken["pixels_sha256"]) == 64
    assert by_function.provenance["command"][0] == "n2v_tools.train"
    assert {p.name for p in by_command[0].iterdir()} == {
        p.name for p in by_function.folder.iterdir()
    }


@pytest.mark.parametrize("kind", ["array", "stack", "path", "file"])
def test_denoising_gives_the_pixels_of_the_command(kind, by_command, dome, dome_file, tmp_path):
    folder, restored = by_command
    sources = {
        "array": dome[0],
        "stack": open_stack(dome[0], axes="TZYX"),
        "path": dome_file,
        "file": dome_file,
    }
    output = {"output": tmp_path / "there" / "named.ome.tif"} if kind == "file" else {}
    found = denoise(sources[kind], folder, axes="TZYX", **output)
    if kind == "file":
        assert found == tmp_path / "there" / "named.ome.tif"
        found = open_stack(found)
        assert found.metadata.get("format") != "imagej"
    expected = np.asarray(open_stack(restored))
    assert np.asarray(found).dtype == expected.dtype == np.uint16
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_a_trained_model_denoises_by_itself(by_function, dome):
    restored = denoise(dome[0], by_function, axes="TZYX", dtype="float32")
    assert restored.dtype == np.float32 and restored.shape == dome[0].shape
    strips = dome[0] == 0
    assert strips.any() and not restored[strips].any()


def test_a_filter_gives_the_pixels_of_the_command(dome, dome_file, tmp_path):
    words = ["--method", "gaussian", "--set", "sigma=1.5", "--dims", "3", "--axes", "TZYX"]
    run("denoise", dome_file, *words, "--output", tmp_path)
    found = denoise(dome[0], method="gaussian", settings={"sigma": 1.5}, dims=3, axes="TZYX")
    np.testing.assert_array_equal(found, np.asarray(open_stack(tmp_path / "dome_denoised.tif")))


def test_inspection_says_what_the_command_says(dome, dome_file):
    (expected,) = json.loads(run("inspect", dome_file, "--axes", "TZYX", "--json", "-q"))
    found = inspect(dome_file, axes="TZYX")
    assert dict(found) == expected
    in_memory = inspect(dome[0], axes="TZYX")
    assert in_memory.noise == expected["noise"] and in_memory["strips"] == expected["strips"]
    assert in_memory.command.startswith("train(array, axes='TZYX'")
    assert in_memory.command in str(in_memory)
    said = run("inspect", dome_file, "--axes", "TZYX", "-q")
    assert str(found) + "\n" == said.replace("--noise FILE", "dark='FILE'")


def test_scores_are_those_of_the_command(dome, dome_file, tmp_path):
    noisy, clean = dome
    np.save(tmp_path / "clean.npy", clean)
    restored = denoise(open_stack(noisy, axes="TZYX"), method="gaussian")
    np.save(tmp_path / "restored.npy", np.asarray(restored))
    paths = [tmp_path / "restored.npy", tmp_path / "clean.npy", dome_file]
    words = [w for pair in zip(NAMES, paths, strict=True) for w in pair]
    expected = json.loads(run("evaluate", *words, "--axes", "TZYX", "--json", "-q"))
    scores = evaluate(restored, clean, noisy, axes="TZYX")
    by_path = evaluate(*paths, axes="TZYX")
    for metric in ("psnr", "si_psnr", "ssim", "microssim", "stsnr", "data_range"):
        assert scores[metric] == by_path[metric] == expected[metric]
    assert math.isfinite(scores.psnr["gain"]["low"]) and "PSNR, dB" in str(scores)


def test_without_truth_it_says_what_the_judge_and_the_command_say(dome, dome_file, tmp_path):
    noisy = open_stack(dome_file, axes="TZYX")
    np.save(tmp_path / "restored.npy", np.asarray(denoise(noisy, method="gaussian")))
    restored = open_stack(tmp_path / "restored.npy", axes="TZYX")
    found, expected = evaluate(restored, noisy=noisy), judge_restored(noisy, restored)
    assert dict(found) == expected.to_json()
    assert found.overall["name"] == expected.overall.name
    words = ["--restored", tmp_path / "restored.npy", "--noisy", dome_file, "--axes", "TZYX"]
    assert str(found) + "\n" == run("evaluate", *words, "-q")
    assert set(found.quality.curves) == set(expected.curves)
