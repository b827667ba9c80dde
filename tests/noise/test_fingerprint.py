"""A fingerprint knows the data again, and is read as data from anybody."""

import json

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.noise.fingerprint import compare, prints_of, read_fingerprint, take_fingerprint
from n2v_tools.stack import Stack


def clean(seed, edge=192):
    smooth = ndimage.gaussian_filter(default_rng(seed).normal(size=(edge, edge)), 5)
    return 200 + 800 * (smooth - smooth.min()) / np.ptp(smooth)


def image(seed, sigma=30.0, along_x=1, scale=1.0):
    noise = default_rng(seed + 100).normal(0, 1, (192, 192))
    noise = ndimage.uniform_filter1d(noise, along_x, axis=1, mode="wrap")
    return Stack((scale * clean(seed) + sigma * noise / noise.std()).astype(np.float32), "YX")


@pytest.fixture(scope="module")
def prints():
    taken = take_fingerprint([image(seed) for seed in range(4)])
    return read_fingerprint(json.loads(json.dumps(taken)))


@pytest.mark.parametrize("seed", range(10, 16))
def test_images_of_the_same_kind_are_known_again(prints, seed):
    assert compare(prints_of(image(seed)), prints, "YX") == []


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"sigma": 60.0}, "times as strong"),
        ({"sigma": 12.0}, "times as strong"),
        ({"along_x": 3}, "along X"),
        ({"scale": 4.0}, "darker or brighter"),
    ],
)
def test_what_differs_is_named(prints, changed, word):
    (found,) = compare(prints_of(image(20, **changed)), prints, "YX")
    assert word in found


def test_noise_is_compared_at_equal_brightness():
    rng = default_rng(0)

    def shot(low, high):
        signal = np.linspace(low, high, 192)[None, :] * np.ones((192, 1))
        return Stack(rng.poisson(signal).astype(np.uint16), "YX")

    prints = read_fingerprint(take_fingerprint([shot(20, 900)]))
    assert compare(prints_of(shot(500, 800)), prints, "YX") == []
    assert compare(prints_of(shot(20, 150)), prints, "YX") == []


def test_depth_counts_for_models_of_volumes_only():
    rng = default_rng(1)
    volume = rng.normal(500, 30, (9, 96, 96)).astype(np.float32)
    prints = read_fingerprint(take_fingerprint([Stack(volume, "ZYX")]))
    smeared = Stack(ndimage.uniform_filter1d(volume, 3, axis=0) * np.sqrt(3) - 366, "ZYX")
    assert compare(prints_of(Stack(volume[::-1], "ZYX")), prints, "ZYX") == []
    assert any("plane 1 further" in found for found in compare(prints_of(smeared), prints, "ZYX"))
    assert not any("plane 1" in found for found in compare(prints_of(smeared), prints, "YX"))


def test_each_channel_is_compared_with_its_own():
    both = np.stack([image(0).array, image(1, sigma=100).array])
    prints = read_fingerprint(take_fingerprint([Stack(both, "CYX")]))
    assert compare(prints_of(Stack(both, "CYX")), prints, "YX") == []
    found = compare(prints_of(Stack(both[::-1], "CYX")), prints, "YX")
    assert any("in channel 0" in one for one in found)
    assert any("in channel 1" in one for one in found)


@pytest.mark.parametrize("shape", [(8, 8), (20, 20), (3, 64, 64)])
def test_small_empty_and_broken_stacks_are_compared_without_fuss(prints, shape):
    axes = "ZYX"[-len(shape) :]
    for values in (np.zeros(shape), np.full(shape, np.nan), default_rng(0).normal(600, 30, shape)):
        compare(prints_of(Stack(values.astype(np.float32), axes)), prints, "YX")
        take_fingerprint([Stack(values.astype(np.float32), axes)])


def tampered(prints_json, **changes):
    channel = {**prints_json["channels"][0], **changes}
    return {**prints_json, "channels": [channel]}


@pytest.mark.parametrize(
    "changes",
    [
        {"noise": [[1.0]]}, {"noise": [[1.0, -2.0]]}, {"noise": [[1.0, "2"]]}, {"noise": {}},
        {"noise": [[1.0, 2.0]] * 100}, {"noise": [[1e300, 2.0]]}, {"noise": [[True, 2.0]]},
        {"percentiles": [1.0]}, {"percentiles": [[1.0]] * 9}, {"percentiles": None},
        {"correlation": {"Q": [0.1]}}, {"correlation": {"X": [0.1] * 9}}, {"correlation": [0.1]},
        {"correlation": {"X": [float("nan")]}}, {"noise": [[10**400, 2]]},
    ],
)  # fmt: skip
def test_what_is_no_fingerprint_is_left_aside(changes):
    taken = take_fingerprint([image(0)])
    assert read_fingerprint(taken) is not None
    assert read_fingerprint(tampered(taken, **changes)) is None


@pytest.mark.parametrize(
    "value",
    [None, 3, "x", [], {}, {"format": 2, "channels": []}, {"format": 1, "channels": [None]}],
)
def test_other_things_are_no_fingerprints(value):
    assert read_fingerprint(value) is None


def test_it_is_small_and_quick_without_scipy():
    import subprocess
    import sys

    taken = take_fingerprint([image(seed) for seed in range(8)])
    assert len(json.dumps(taken)) < 2000
    code = (
        "import sys, n2v_tools.noise.fingerprint, n2v_tools.restore.training_data;"
        "sys.exit(any(m in sys.modules for m in ('scipy', 'matplotlib', 'tensorflow')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
