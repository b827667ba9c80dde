"""Calcium movies: what is seen is what the truth says."""

import dataclasses
import time
import tracemalloc

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.calcium import Calcium, Movie, simulate_calcium
from n2v_tools.simulate.detector import Detector
from n2v_tools.simulate.transients import Indicator

SIZES = (80, 96, 128)
GAIN, OFFSET, READ_NOISE = 20, 200, 0.5


@pytest.fixture(scope="module")
def movie():
    return simulate_calcium(Calcium(SIZES, photons=3, seed=2))


def test_noisy_and_clean_are_counts_of_the_sizes_asked_for(movie):
    noisy, clean = movie
    assert (noisy.dtype, clean.dtype) == (np.uint16, np.float32)
    assert noisy.shape == clean.shape == SIZES


@pytest.mark.parametrize("drift", [0, 3.0])
@pytest.mark.parametrize("photons", [0.5, 3, 50])
def test_photons_are_the_mean_of_the_clean_movie(photons, drift):
    one = Movie(Calcium((70, 64, 64), photons=photons, drift_px=drift))
    mean = np.mean([one.photons(number).mean() for number in range(70)])
    assert mean == pytest.approx(photons, rel=0.03 if drift else 1e-3)


def test_noise_has_no_bias_and_the_variance_of_poisson_and_gauss(movie):
    noisy, clean = movie
    photons, noise = (clean - OFFSET) / GAIN, (noisy - clean) / GAIN
    for low, high in zip(
        *(np.percentile(photons, q) for q in ([0, 30, 70, 95], [30, 70, 95, 100])), strict=True
    ):
        part = (photons >= low) & (photons <= high)
        assert noise[part].mean() == pytest.approx(0, abs=0.03)
        expected = photons[part].mean() + READ_NOISE**2 + 1 / (12 * GAIN**2)
        assert noise[part].var() == pytest.approx(expected, rel=0.04)


def test_noise_is_independent_in_space_and_time(movie):
    noise = movie[0] - movie[1]
    for near, far in (
        (noise[:-1], noise[1:]), (noise[:, :-1], noise[:, 1:]), (noise[..., :-1], noise[..., 1:])
    ):  # fmt: skip
        assert abs(np.corrcoef(near.ravel(), far.ravel())[0, 1]) < 0.01


@pytest.mark.parametrize("drift", [0, 2.5])
def test_a_frame_alone_is_that_of_the_sequence(drift):
    wanted = Calcium((70, 64, 80), seed=4, drift_px=drift)
    noisy, clean = simulate_calcium(wanted)
    for number in (69, 3, 64):
        alone = Movie(wanted).frame(number)
        np.testing.assert_array_equal(alone[0], noisy[number])
        np.testing.assert_array_equal(alone[1], clean[number])


def test_equal_seeds_give_equal_movies_and_others_do_not():
    first, again, other = (simulate_calcium(Calcium((3, 48, 48), seed=s)) for s in (1, 1, 2))
    for one, two, three in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one, two)
        assert not np.array_equal(one, three)


def test_traces_are_what_the_clean_movie_shows_over_bodies_without_neuropil():
    quiet = Calcium((150, 160, 160), photons=20, seed=1, rate_hz=2)
    one = Movie(quiet)
    labels, numbers = one.bodies(), range(len(one.somata))
    shown, told = [], []
    for frame in range(0, 150, 3):
        clean = (one.frame(frame)[1] - OFFSET) - GAIN * one.background(frame)
        shown.append([clean[labels == index + 1].mean() for index in numbers])
        told.append(one.fluorescence(frame))
    shown, told = np.array(shown), np.array(told)
    # Processes of others that cross a body are the rest: half of them have next to none.
    alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(shown.T, told.T, strict=True)]
    assert np.median(alike) > 0.99
    assert np.median(np.abs(shown / told - 1)) < 0.15
    assert (shown > 0.99 * told).all()


def test_a_single_neuron_is_told_exactly():
    one = Movie(Calcium((90, 48, 48), photons=9, seed=3, neurons=1, rate_hz=3, bleaching=0.3))
    body = one.bodies() == 1
    own = [_alone(one, frame)[body].mean() * GAIN for frame in range(0, 90, 9)]
    told = [float(one.fluorescence(frame)[0]) for frame in range(0, 90, 9)]
    np.testing.assert_allclose(own, told, rtol=1e-3)
    rest = told[0] / (1 + one.dff(0)[0])
    assert told[5] / (1 + one.dff(45)[0]) == pytest.approx(rest * 0.7 ** (45 / 89), rel=1e-4)


def test_bodies_lie_where_the_list_of_neurons_says():
    for drift in (0, 4.0):
        one = Movie(Calcium((2, 128, 128), seed=6, drift_px=drift))
        labels = one.bodies()
        assert len(one.somata) == round(128 * 128 / 1200)
        for index, soma in enumerate(one.somata):
            y, x = np.nonzero(labels == index + 1)
            assert 3 < min(soma.y, 128 - soma.y) and 3 < min(soma.x, 128 - soma.x)
            if min(soma.y, soma.x, 127 - soma.y, 127 - soma.x) > 9:  # not cut
                assert (y.mean(), x.mean()) == pytest.approx((soma.y, soma.x), abs=0.6)
                assert len(y) == pytest.approx(np.pi * soma.radius**2, rel=0.15)


def test_rings_have_a_dark_nucleus():
    one = Movie(Calcium((2, 192, 192), photons=50, seed=0))
    active = one.active(0)
    rings = discs = 0
    for soma in one.somata:
        y, x = np.mgrid[:192, :192]
        distance = np.hypot(y - soma.y, x - soma.x) / soma.radius
        ratio = active[distance < 0.3].mean() / active[(distance > 0.65) & (distance < 0.9)].mean()
        rings, discs = rings + (soma.ring and ratio < 0.9), discs + (not soma.ring and ratio > 0.9)
    assert rings + discs >= 0.9 * len(one.somata) and rings > discs > 0


def test_light_fades_as_asked():
    one = Movie(Calcium((200, 64, 64), neurons=0, bleaching=0.4, neuropil=0))
    means = [one.photons(number).mean() for number in (0, 199)]
    assert means[1] / means[0] == pytest.approx(0.6, rel=1e-4)


def test_the_field_moves_as_told():
    still, moving = (
        Movie(Calcium((300, 96, 96), 300, 1, 0, bleaching=0, drift_px=drift, neuropil=0))
        for drift in (0, 8.0)
    )
    assert still.drift(299) == (0, 0)
    np.testing.assert_array_equal(still.photons(0), still.photons(299))
    first, last = moving.photons(0), moving.photons(299)
    spectrum = np.fft.fft2(last - last.mean()) * np.conj(np.fft.fft2(first - first.mean()))
    peak = np.unravel_index(np.fft.ifft2(spectrum).real.argmax(), first.shape)
    place = [(p + 48) % 96 - 48 for p in peak]
    assert np.abs(moving.drift(299)).max() > 2
    np.testing.assert_allclose(place, moving.drift(299), atol=0.75)


def test_neuropil_flickers_as_asked_smoothly_in_space():
    one = Movie(Calcium((2, 192, 192), neurons=0, neuropil=0.1, bleaching=0))
    gains = np.array([one._neuropil.gain(number) for number in range(0, 6000, 60)])
    assert gains.std(axis=0).mean() == pytest.approx(0.1, rel=0.2)
    assert gains.mean() == pytest.approx(1, abs=0.02)
    steps = np.abs(np.diff(gains, axis=2))
    assert steps.max() < 0.1


def test_by_default_what_changes_hardly_shows_in_one_noisy_frame():
    noisy, clean = simulate_calcium(Calcium((150, 192, 192)))
    moving, noisy_moving = clean - clean.mean(0), noisy - noisy.mean(0)
    r = np.corrcoef(moving.ravel(), noisy_moving.ravel())[0, 1]
    assert 0.1 < -10 * np.log10(1 - r**2) + 0.05 < 0.4
    assert 0.3 < clean.mean(0).std() / (clean.mean() - OFFSET) < 0.8


def test_ten_frames_of_256_x_256_take_less_than_a_second_of_a_core():
    one = Movie(Calcium((300, 256, 256)))
    one.frame(0)
    started = time.process_time()
    for number in range(1, 11):
        one.frame(number)
    assert time.process_time() - started < 1


def test_memory_does_not_grow_with_the_number_of_frames():
    peaks = []
    for n_frames in (100, 800):
        tracemalloc.start()
        one = Movie(Calcium((n_frames, 64, 64)))
        for _ in one.frames():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("sizes", [(2, 32, 32), (3, 32, 300), (2, 57, 33), (65, 40, 36)])
def test_any_size_from_the_smallest_will_do(sizes):
    noisy, clean = simulate_calcium(Calcium(sizes, drift_px=1.0))
    assert noisy.shape == sizes
    assert np.isfinite(clean).all() and clean.std() > 0 and clean.min() >= OFFSET


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": (1, 64, 64)},
        {"sizes": (9, 31, 64)},
        {"sizes": (2, 9, 64, 64)},
        {"photons": 0},
        {"photons": float("nan")},
        {"photons": 1e5},
        {"seed": -1},
        {"neurons": -1},
        {"rate_hz": -1},
        {"bleaching": 1},
        {"drift_px": 50},
        {"neuropil": 2},
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_line(wrong):
    with pytest.raises(SettingsError, match=r"^--[^\n]*$"):
        Calcium(**{"sizes": SIZES, **wrong})


def test_more_neurons_than_fit_are_refused_in_one_line():
    with pytest.raises(SettingsError, match=r"^--neurons 400: only \d+ find[^\n]*$"):
        Movie(Calcium((2, 64, 64), neurons=400))


def test_options_reach_the_pixels():
    base = Calcium((2, 64, 64))
    for change in (
        {"detector": Detector(row_noise=1)}, {"detector": Detector(x_correlation=0.4)},
        {"indicator": Indicator(amplitude=2)}, {"rate_hz": 5}, {"neurons": 1},
    ):  # fmt: skip
        changed = dataclasses.replace(base, **change)
        assert not np.array_equal(simulate_calcium(changed)[0], simulate_calcium(base)[0])


def _alone(movie, frame):
    """Photons of the first neuron alone."""
    light = movie._light[:, [0]] @ (1 + movie._transients.at(frame)[:1])
    return movie._brightness(frame) * light.reshape(movie._shape)
