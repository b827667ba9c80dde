"""The level of the noise, by whatever there is to measure it from."""

import numpy as np
import pytest
from noisy_frames import smooth
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.noise.correlation import measure_correlation
from n2v_tools.noise.sample import read_sample
from n2v_tools.noise.strength import Strength, measure_strength
from n2v_tools.stack import Stack


def scene(edge=256, low=20.0, high=300.0):
    return smooth(edge, low, high, 8)


def photons(rng, n, gain=3.0, offset=100.0, read=5.0, edge=256):
    clean = np.broadcast_to(scene(edge), (n, edge, edge))
    counts = gain * rng.poisson(clean / gain) + offset + rng.normal(0, read, clean.shape)
    return counts.astype(np.float32)


def measured(stack, dark=None):
    sample = read_sample(stack)
    dark = read_sample(dark, keep_strips=True) if dark is not None else None
    return measure_strength(sample, measure_correlation(sample, dark), dark)


def true_sigma(mean, gain=3.0, offset=100.0, read=5.0):
    return np.sqrt(gain * (mean - offset) + read**2)


@pytest.mark.parametrize(("n", "axes", "method"), [(6, "TYX", "frames"), (6, "ZYX", "one image")])
def test_sigma_comes_back_from_frames_and_from_single_images(n, axes, method):
    counts = photons(default_rng(0), n)
    found = measured(Stack(counts, axes))
    mean = float(counts.mean())
    assert method in found.method
    assert found.confidence == "high"
    assert found.sigma_at(mean) == pytest.approx(true_sigma(mean), rel=0.06)
    assert found.offset is None and found.read_noise is None


@pytest.mark.parametrize("axes", ["TYX", "ZYX"])
def test_a_dark_frame_of_another_size_adds_offset_and_read_noise(axes):
    rng = default_rng(1)
    dark = Stack(rng.normal(100, 5, (5, 80, 90)).astype(np.float32), "ZYX")
    counts = photons(rng, 6)
    found = measured(Stack(counts, axes), dark)
    assert found.offset == pytest.approx(100, abs=0.3)
    assert found.read_noise == pytest.approx(5, rel=0.05)
    assert found.gain == pytest.approx(3, rel=0.12)
    assert "dark frame" in found.method
    assert found.sigma_at(100) == pytest.approx(5, rel=0.05)


def test_a_dark_frame_that_is_brighter_than_the_data_is_not_used():
    rng = default_rng(2)
    bright = Stack(rng.normal(4000, 5, (5, 80, 90)).astype(np.float32), "ZYX")
    found = measured(Stack(photons(rng, 6), "TYX"), bright)
    assert found.offset is None
    assert "without light" in found.warnings[0] and "not used" in found.warnings[0]


def test_averaged_frames_are_noticed_and_made_up_for():
    counts = photons(default_rng(3), 13)
    smoothed = (counts[1:] + counts[:-1]) / 2  # neighbours share half of their noise
    found = measured(Stack(smoothed, "TYX"))
    mean = float(smoothed.mean())
    assert found.confidence == "low"
    assert "share noise" in found.warnings[0]
    assert found.sigma_at(mean) == pytest.approx(true_sigma(mean) / np.sqrt(2), rel=0.2)


def test_repeated_frames_fall_back_on_one_image():
    counts = np.repeat(photons(default_rng(4), 1), 8, axis=0)
    found = measured(Stack(counts, "TYX"))
    assert found.method == "one image"
    assert "equal" in found.warnings[0]


def blurred(rng, n):
    return ndimage.gaussian_filter(rng.normal(size=(n, 512, 512)), (0, 1, 1), mode="wrap")


def in_rows(rng, n):
    return rng.normal(0, 1, (n, 512, 512)) * 0.1 + rng.normal(0, 1, (n, 512, 1))


def rows_alone(rng, n):
    return rng.normal(0, 0.01, (n, 512, 512)) + rng.normal(0, 1, (n, 512, 1))


def boxes(rng, n):
    return ndimage.uniform_filter1d(rng.normal(size=(n, 512, 512)), 3, axis=2, mode="wrap")


@pytest.mark.parametrize("make", [blurred, in_rows, rows_alone, boxes])
@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
def test_correlated_noise_is_not_taken_for_weak_noise(make, axes):
    noise = make(default_rng(5), 4)
    image = scene(512) + 60 * noise / noise.std()
    found = measured(Stack(image.astype(np.float32), axes))
    assert found.confidence == ("low" if axes == "ZYX" else "high")
    tolerance = 0.15 if axes == "ZYX" else 0.04
    assert found.sigma_at(float(image.mean())) == pytest.approx(60, rel=tolerance)


def test_an_even_image_has_a_level_but_no_gain():
    counts = default_rng(6).normal(500, 12, (4, 200, 200)).astype(np.float32)
    for axes in ("TYX", "ZYX"):
        found = measured(Stack(counts, axes))
        assert found.gain is None
        assert found.sigma_at(500) == pytest.approx(12, rel=0.05)


def test_offsets_of_rows_are_measured_where_the_image_has_detail():
    noise = default_rng(8).normal(0, 60, (512, 1))
    detail = ndimage.gaussian_filter(default_rng(10).normal(0, 200, (512, 512)), 3)
    found = measured(Stack((1000 + detail + noise).astype(np.float32), "YX"))
    assert found.sigma_at(1000.0) == pytest.approx(60, rel=0.2)


@pytest.mark.parametrize("shape", [(10, 12), (24, 24)])
def test_too_little_to_measure_is_said(shape):
    found = measured(Stack(default_rng(7).normal(0, 1, shape).astype(np.float32), "YX"))
    assert found.confidence == "cannot tell"
    assert found.sigma_at(0) is None and found.reason


@pytest.mark.parametrize(
    ("strength", "mean", "step", "expected"),
    [
        (Strength(1.0, 0.0), 4, 1, True),
        (Strength(16.0, 0.0), 64, 16, True),
        (Strength(None, 0.05), 0.05, 1, True),
        (Strength(None, 0.06, points=((0.02, 0.02), (0.1, 0.1))), 0.04, 1, True),
        (Strength(0.1, -80.0), 800, 1, False),
        (Strength(None, 0.25), 800, 1, False),
        (Strength(), 4, 1, False),
    ],
)
def test_counted_photons_are_told_from_squeezed_levels(strength, mean, step, expected):
    assert strength.counts_photons(mean, step) == expected
