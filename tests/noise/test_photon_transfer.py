"""Noise from frames: gain and read noise come back, whatever moves."""

import numpy as np
import pytest
from noisy_frames import smooth
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.noise.photon_transfer import (
    find_light,
    find_resampling,
    measure_dark,
    measure_transfer,
)


def scene(edge=256, low=20, high=400):
    return smooth(edge, low, high, 6)


def camera(clean, rng, gain=2.5, offset=100, read=4):
    return gain * rng.poisson(clean / gain) + offset + rng.normal(0, read, clean.shape)


@pytest.mark.parametrize("gain", [0.8, 2.5, 20])
def test_gain_and_floor_come_back(gain):
    rng = default_rng(0)
    pairs = [(camera(scene(), rng, gain), camera(scene(), rng, gain)) for _ in range(3)]
    found = measure_transfer(pairs)
    assert found.gain == pytest.approx(gain, rel=0.08)
    at = np.array([150.0, 250, 400])
    np.testing.assert_allclose(found.gain * at + found.floor, gain * (at - 100) + 16, rtol=0.08)


def test_what_moves_is_left_out():
    rng = default_rng(1)
    pairs = []
    for _ in range(3):
        here, there = scene(), scene()
        here[40:90, 30:200] += 300 * rng.random((50, 1))  # a fifth of the plane changes
        pairs.append((camera(here, rng), camera(there, rng)))
    found = measure_transfer(pairs)
    assert found.gain == pytest.approx(2.5, rel=0.1)


def test_flicker_of_the_lamp_is_no_noise():
    rng = default_rng(2)
    pairs = [(camera(scene(), rng), camera(scene() * 1.05, rng)) for _ in range(3)]
    assert measure_transfer(pairs).gain == pytest.approx(2.5, rel=0.1)


def test_an_even_image_shows_no_gain():
    rng = default_rng(3)
    pairs = [tuple(camera(np.full((128, 128), 50.0), rng, 1) for _ in range(2))]
    found = measure_transfer(pairs)
    assert found.gain is None
    assert found.floor == pytest.approx(66, rel=0.05)


def test_too_few_pixels_and_equal_frames_say_nothing():
    assert not measure_transfer([]).points
    assert not measure_transfer([(np.zeros((20, 20)), np.ones((20, 20)))]).points
    same = scene()
    assert not any(variance for _, variance in measure_transfer([(same, same)]).points)


@pytest.mark.parametrize("n_frames", [1, 6])
def test_a_dark_frame_tells_offset_and_read_noise(n_frames):
    rng = default_rng(4)
    frames = [rng.normal(100, 3, (64, 64)) for _ in range(n_frames)]
    for frame in frames:
        frame[5, 5] = 4000  # a hot pixel
    pairs = list(zip(frames[::2], frames[1::2], strict=False))
    found = measure_dark(frames, pairs)
    assert found.offset == pytest.approx(100, abs=0.2)
    assert found.read_noise == pytest.approx(3, rel=0.05)


def test_a_fixed_pattern_is_no_read_noise_where_there_are_frames():
    rng = default_rng(5)
    pattern = rng.normal(0, 10, (64, 64))
    frames = [100 + pattern + rng.normal(0, 3, (64, 64)) for _ in range(6)]
    pairs = list(zip(frames[::2], frames[1::2], strict=True))
    assert measure_dark(frames, pairs).read_noise == pytest.approx(3, rel=0.05)


def registered(rng, n=12):
    """Frames that were shifted back by fractions of a pixel."""
    frames = [camera(scene(128), rng) for _ in range(n)]
    return np.stack([ndimage.shift(f, rng.random(2), order=1, mode="reflect") for f in frames])


def steady(rng, n=12):
    return np.stack([camera(scene(128), rng) for _ in range(n)])


def box_filtered(rng, n=12):
    return np.stack([ndimage.uniform_filter1d(camera(scene(128), rng), 3) for _ in range(n)])


def bleaching(rng, n=16):
    fine = ndimage.gaussian_filter(rng.normal(size=(256, 256)), 1)
    fade = np.linspace(1, 0.3, n)[:, None, None]
    return fade * fine / fine.std() + rng.normal(0, 0.2, (n, 256, 256))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("make", "resampled"),
    [(registered, True), (steady, False), (box_filtered, False), (bleaching, False)],
)
def test_frames_shifted_by_fractions_of_a_pixel_are_noticed(make, resampled, seed):
    assert bool(find_resampling([make(default_rng(seed))])) == resampled


def spots(rng, n, brightest=6.0):
    """Frames (n, Y, X) at few photons, with a few spots that are hardly brighter."""
    still = np.full((128, 96), 4.0)
    still[20:32, 30:44] += brightest
    still[80:96, 60:70] += brightest
    return rng.poisson(still, (n, *still.shape)).astype(np.float32) + 100


def test_frames_that_show_something_or_are_as_bright_are_not_dark():
    rng = default_rng(4)
    data = list(spots(rng, 6))
    for called_dark in (data, list(spots(rng, 6)), list(spots(rng, 6) - 2)):
        pairs = list(zip(called_dark[::2], called_dark[1::2], strict=True))
        assert "not used" in find_light(called_dark, pairs, data)


def test_hot_pixels_and_uneven_columns_make_no_light():
    rng = default_rng(5)
    dark = rng.normal(100, 1.5, (6, 128, 96)) + rng.normal(0, 0.5, 96)
    dark[:, rng.integers(0, 128, 80), rng.integers(0, 96, 80)] += 700
    dark = list(dark.astype(np.float32))
    assert find_light(dark, list(zip(dark[::2], dark[1::2], strict=True)), spots(rng, 6)) == ""
