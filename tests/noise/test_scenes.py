"""Scene cuts, dark and repeated frames of movies at two photons a pixel."""

import functools

import numpy as np
import pytest

from n2v_tools.noise.changes import look_at_movie
from n2v_tools.noise.scenes import Scenes, Watch
from n2v_tools.noise.thumbnails import Thumbnails, shrink
from n2v_tools.simulate.calcium import Calcium, simulate_calcium
from n2v_tools.stack import Stack


@functools.cache
def _movie(seed, n_frames=100, edge=96):
    noisy, _ = simulate_calcium(Calcium((n_frames, edge, edge), photons=2.0, seed=seed))
    return noisy


def _scenes(pixels, axes="TYX"):
    thumbnails, watch = Thumbnails(Stack(pixels, axes)), Watch()
    for thumbnail in thumbnails:
        watch.add(thumbnails.blocks(thumbnail))
    return watch.scenes()


@pytest.mark.parametrize("seed", range(4))
def test_a_movie_that_goes_on_has_no_cut(seed):
    found = _scenes(_movie(seed))
    assert found.breaks == ()
    assert found.period == 1
    assert found.longest == range(100)


@pytest.mark.parametrize("at", [1, 17, 60, 98])
def test_another_field_begins_a_new_scene(at):
    joined = _movie(0).copy()
    joined[at:] = _movie(1)[at:]
    assert _scenes(joined).cuts == (at,)
    assert _scenes(joined).breaks == (at,)


def test_every_cut_of_several_is_found_and_the_longest_scene_named():
    joined = np.concatenate([_movie(0)[:30], _movie(1)[:50], _movie(2)[:20]])
    found = _scenes(joined)
    assert found.cuts == (30, 80)
    assert found.longest == range(30, 80)


def test_neither_pair_of_a_dark_frame_teaches():
    movie = _movie(0).copy()
    movie[40] = np.random.default_rng(0).poisson(0.1, movie[40].shape)
    movie[70:73] = 0
    found = _scenes(movie)
    assert found.dark == (40, 70, 71, 72)
    assert found.cuts == found.odd == ()
    assert found.breaks == (40, 41, 70, 71, 72, 73)


def test_a_single_odd_frame_is_no_new_scene():
    movie = _movie(0).copy()
    movie[50] = np.roll(movie[50], 20, axis=0)
    found = _scenes(movie)
    assert (found.odd, found.cuts) == ((50,), ())
    assert found.breaks == (50, 51)


def test_repeated_frames_are_no_pair_to_learn_from():
    movie = np.repeat(_movie(0)[:50], 2, axis=0)
    assert _scenes(movie).repeated == tuple(range(1, 100, 2))
    assert _scenes(movie).breaks == tuple(range(1, 100, 2))


def test_light_that_is_switched_shows_the_same_scene():
    movie = _movie(0).copy()
    movie[60:] = np.random.default_rng(0).poisson(2.0 * movie[60:])
    found = _scenes(movie)
    assert (found.jumps, found.cuts) == ((60,), ())
    assert found.breaks == (60,)


def interleaved(*movies):
    return np.stack(movies, axis=1).reshape(-1, *movies[0].shape[1:])


@pytest.mark.parametrize("n_frames", [8, 30])
@pytest.mark.parametrize("period", [2, 3, 4])
def test_depths_that_were_saved_as_time_come_again(period, n_frames):
    assert _scenes(interleaved(*(_movie(s)[:n_frames] for s in range(period)))).period == period


@pytest.mark.parametrize("period", [2, 3])
def test_channels_of_one_structure_are_told_apart_by_their_brightness(period):
    rng, brightness = np.random.default_rng(7), 1 + 0.1 * (np.arange(36) % period == 0)
    movie = rng.poisson(30 * brightness[:, None, None], (36, 48, 80)).astype(np.uint16)
    assert _scenes(movie).period == period


def _flickers(rng, still):
    return rng.poisson(still * rng.normal(1, 0.1, (len(still), 1, 1)).clip(0.1))


def _bleaches(rng, still):
    return rng.poisson(still * np.exp(-np.arange(len(still)) / 15)[:, None, None])


def _drifts(rng, still):
    return rng.poisson([np.roll(frame, t, axis=1) for t, frame in enumerate(still)])


def _jerks(rng, still):
    return rng.poisson([np.roll(frame, rng.integers(-3, 4), axis=0) for frame in still])


@pytest.mark.parametrize("n_frames", [8, 13, 40])
@pytest.mark.parametrize("changes", [_flickers, _bleaches, _drifts, _jerks])
def test_what_changes_otherwise_does_not_come_again(changes, n_frames):
    rng = np.random.default_rng(n_frames)
    still = np.repeat(20 + 10 * rng.random((1, 12, 12)), n_frames, axis=0).repeat(6, 1).repeat(6, 2)
    assert _scenes(changes(rng, still).astype(np.uint16)).period == 1


@pytest.mark.parametrize("shape", [(30, 1, 90), (30, 3, 90), (30, 90, 2), (9, 1, 1)])
def test_lines_are_no_movie(shape):
    assert look_at_movie(Stack(np.random.default_rng(0).poisson(9, shape), "TYX")) is None


def test_volumes_and_channels_are_looked_at_too():
    first = np.stack([_movie(s)[:40] for s in (0, 1)], axis=1)
    other = np.stack([_movie(s)[:40] for s in (2, 3)], axis=1)
    assert _scenes(np.concatenate([first, other]), "TZYX").cuts == (40,)
    assert _scenes(np.concatenate([first, other]).swapaxes(0, 1), "CTYX").cuts == (40,)


@pytest.mark.parametrize("axes, shape", [("YX", (64, 64)), ("TYX", (7, 64, 64))])
def test_what_is_too_short_has_no_cuts(axes, shape):
    pixels = np.random.default_rng(0).random(shape)
    assert look_at_movie(Stack(pixels, axes)) is None
    assert "T" not in axes or _scenes(pixels).breaks == ()


def test_pixels_that_are_no_numbers_and_empty_movies_are_borne():
    movie = np.random.default_rng(0).normal(10, 1, (20, 32, 32)).astype(np.float32)
    movie[3, 4, 5] = np.nan
    assert _scenes(movie).breaks == ()
    assert _scenes(np.zeros((12, 32, 32), np.uint16)).cuts == ()


def test_a_thumbnail_is_the_mean_of_squares():
    plane = np.arange(7 * 10, dtype=np.uint16).reshape(7, 10)
    expected = plane[:6, :9].reshape(2, 3, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrink(plane, 3), expected)
    np.testing.assert_allclose(shrink(plane - 30.5, 3), expected - 30.5)


def test_breaks_stay_inside_the_movie():
    assert Scenes(10, odd=(9,), dark=(0,)).breaks == (1, 9)
