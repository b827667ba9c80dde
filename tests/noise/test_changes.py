"""Motion, bleaching and flicker of generated movies at two photons a pixel."""

import functools
from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from n2v_tools.noise.bleaching import measure_bleaching
from n2v_tools.noise.changes import look_at_movie
from n2v_tools.noise.correlation import measure_correlation
from n2v_tools.noise.sample import read_sample
from n2v_tools.noise.shifts import measure_shifts
from n2v_tools.simulate.calcium import Calcium, Movie, simulate_calcium
from n2v_tools.stack import Stack


@functools.cache
def _wanted(seed, drift=0.0, bleaching=0.0, n_frames=120, edge=96, photons=2.0):
    sizes = (n_frames, edge, edge)
    return Calcium(sizes, photons=photons, seed=seed, drift_px=drift, bleaching=bleaching)


@functools.cache
def _pixels(*args, **kwargs):
    return simulate_calcium(_wanted(*args, **kwargs))[0]


def _look(pixels, axes="TYX", offset=None):
    return look_at_movie(Stack(pixels, axes), offset)


@pytest.mark.parametrize("seed", range(6))
def test_a_still_movie_raises_no_alarm(seed):
    found = _look(_pixels(seed))
    assert found.shifts.moves is False
    assert found.bleaching.bleaches is False
    assert found.flicker == 0
    assert found.scenes.breaks == ()


@pytest.mark.parametrize("seed, drift", [(0, 2.0), (1, 3.0), (2, 5.0), (3, 8.0)])
def test_drift_is_found_and_measured(seed, drift):
    movie = Movie(_wanted(seed, drift))
    path = np.array([movie.drift(frame) for frame in range(120)])
    truth = np.hypot(*(path[:, None] - path[None]).transpose(2, 0, 1)).max()
    shifts = _look(_pixels(seed, drift)).shifts
    assert shifts.moves
    assert shifts.range_px == pytest.approx(truth, abs=0.8)
    assert shifts.nearby_px < 0.5 * truth
    off = shifts.px - path[shifts.frames.astype(int)]
    assert (off - off.mean(axis=0)).std() < 2 * shifts.error_px + 0.05


def test_jerks_from_frame_to_frame_are_told_from_slow_drift():
    movie, rng = _pixels(0).copy(), np.random.default_rng(0)
    for frame in movie:
        frame[:] = np.roll(frame, rng.integers(-2, 3, 2), axis=(0, 1))
    shifts = _look(movie).shifts
    assert shifts.moves
    assert shifts.nearby_px > 2


def test_frames_that_show_too_little_are_averaged():
    shifts = _look(_pixels(0, 3.0, n_frames=400, photons=0.2)).shifts
    assert shifts.run > 1
    assert shifts.moves


def test_motion_and_bleaching_are_of_one_scene():
    other = simulate_calcium(_wanted(9, bleaching=0.5))[0]
    joined = np.concatenate([_pixels(0), other[:60]])
    found = _look(joined)
    assert found.scenes.cuts == (120,)
    assert found.shifts.moves is False
    assert not found.bleaching.bleaches


def test_where_nothing_is_seen_nothing_is_said():
    noise = np.random.default_rng(0).poisson(2.0, (60, 64, 64)).astype(np.uint16)
    found = _look(noise)
    assert found.shifts.moves is None
    assert found.bleaching.bleaches is None


@pytest.mark.parametrize("seed, share", [(0, 0.25), (1, 0.35), (2, 0.5), (3, 0.4)])
def test_bleaching_is_measured_whatever_the_offset(seed, share):
    pixels = _pixels(seed, bleaching=share)
    unknown = _look(pixels).bleaching
    known = _look(pixels, offset=_wanted(seed).detector.camera.offset).bleaching
    lifted = _look(pixels + np.uint16(5000)).bleaching
    for found in (unknown, known, lifted):
        assert found.bleaches
        assert found.percent == pytest.approx(100 * share, abs=12)
    assert lifted.percent == pytest.approx(unknown.percent, abs=0.1)
    half_life = -119 * np.log(2) / np.log(1 - share)
    assert unknown.half_life_frames == pytest.approx(half_life, rel=0.5)


def test_activity_is_no_bleaching():
    movie = _pixels(0).astype(np.float64) - 200
    movie *= 1 + 0.4 * np.sin(np.linspace(0, 3 * np.pi, len(movie)))[:, None, None]
    assert _look(movie).bleaching.bleaches is False


def test_flicker_is_told_from_chance():
    rng = np.random.default_rng(0)
    factors = rng.normal(1, 0.1, (120, 1, 1))
    movie = rng.poisson(np.maximum(_pixels(0).astype(float) - 200, 0) / 20 * factors)
    assert _look(movie.astype(np.uint16)).flicker == pytest.approx(0.1, rel=0.3)


@pytest.mark.parametrize("n_frames", [8, 9, 17])
def test_short_movies_are_looked_at(n_frames):
    found = _look(_pixels(0)[:n_frames])
    assert found.scenes.n_frames == n_frames
    assert found.scenes.breaks == ()
    assert found.shifts.moves is False
    assert _look(_pixels(0)[:7]) is None


@pytest.mark.parametrize("seed", [0, 2])
def test_the_noise_of_a_picture_does_not_hold_it_in_place(seed):
    rng = np.random.default_rng(seed)
    scene = ndimage.gaussian_filter(rng.normal(size=(64, 64)), 3, mode="wrap")
    scene /= scene.std()
    truth = np.array([-3, -2, -1, 0, 0, 1, 2, 3])
    moved = np.stack([np.roll(scene, shift, axis=0) for shift in truth])
    noise = rng.normal(size=moved.shape)
    found = measure_shifts(0.5 * moved + noise, np.arange(8.0))
    assert np.polyfit(truth, found.px[:, 0], 1)[0] == pytest.approx(1, abs=0.1)
    assert measure_shifts(0.1 * moved + noise, np.arange(8.0)).confidence == "cannot tell"


def test_noise_in_the_mean_picture_does_not_hide_bleaching():
    rng = np.random.default_rng(0)
    scene, light = rng.normal(10, 1, 40000), 0.5 ** (np.arange(8) / 7)
    maps = light[:, None] * scene + rng.normal(0, 1.5, (8, 40000))
    variances, frames = np.full(8, 1.5**2), np.arange(8) * 10.0
    found = measure_bleaching(maps, variances, frames, range(71))
    assert found.percent == pytest.approx(50, abs=4)


def test_a_movie_that_begins_lively_does_not_bleach():
    found = _look(_pixels(105, n_frames=200, edge=128)).bleaching
    assert found.percent > 10
    assert found.bleaches is False


@pytest.mark.parametrize("share", [0.0, 0.15, 0.4])
def test_noise_that_lasts_has_its_correlation_in_time(share):
    rng = np.random.default_rng(0)
    clean = simulate_calcium(_wanted(0))[1]
    noise = rng.normal(size=clean.shape)
    for before, now in pairwise(noise):
        now *= (1 - share**2) ** 0.5
        now += share * before
    counts = (clean + 30 * noise).astype(np.float32)
    found = measure_correlation(read_sample(Stack(counts, "TYX"))).along["T"]
    np.testing.assert_allclose(found[:4], share ** np.arange(1, 5), atol=0.03)
