"""Voltage movies: what is seen is what the truth says."""

import dataclasses

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.voltage import Voltage, VoltageMovie, simulate_voltage

SIZES = (120, 64, 72)
SMALL = Voltage(SIZES, seed=2)


@pytest.fixture(scope="module")
def movie():
    return simulate_voltage(SMALL)


def test_photons_are_the_mean_of_the_clean_movie_and_noise_has_no_bias(movie):
    noisy, clean = movie
    assert (noisy.dtype, clean.dtype, noisy.shape) == (np.uint16, np.float32, SIZES)
    photons = (clean - SMALL.camera.offset) / SMALL.camera.gain
    assert photons.mean() == pytest.approx(SMALL.photons, rel=0.03)
    noise = (noisy - clean) / SMALL.camera.gain
    assert noise.mean() == pytest.approx(0, abs=0.01)
    expected = photons.mean() + SMALL.camera.read_noise**2
    assert noise.var() == pytest.approx(expected, rel=0.03)


def test_light_fades_by_as_much_as_asked(movie):
    _, clean = movie
    light = clean.mean(axis=(1, 2)) - SMALL.camera.offset
    assert light[-10:].mean() / light[:10].mean() == pytest.approx(0.8, abs=0.05)


def test_a_frame_alone_is_that_of_the_sequence(movie):
    noisy, clean = VoltageMovie(SMALL).frame(97)
    np.testing.assert_array_equal(noisy, movie[0][97])
    np.testing.assert_array_equal(clean, movie[1][97])


def test_spikes_light_up_their_cell():
    still = dataclasses.replace(SMALL, motion_px=0.0, blood=0.0, bleaching=0.0, waves=0.0, height=1)
    one = VoltageMovie(still)
    rows, columns = np.mgrid[: SIZES[1], : SIZES[2]]
    clean = np.stack([one.photons(t) for t in range(SIZES[0])])
    shown = 0
    for soma, times in zip(one.somata, one.spikes(), strict=True):
        body = (rows - soma.y) ** 2 + (columns - soma.x) ** 2 <= soma.radius**2
        trace = clean[:, body].mean(axis=1)
        for frame in (times * 500).astype(int):
            if 2 < frame < SIZES[0] - 2:
                assert trace[frame : frame + 2].max() > 1.05 * np.median(trace)
                shown += 1
    assert shown > 3


@pytest.mark.parametrize("key, value", [("motion_px", 0.8), ("blood", 0.6)])
def test_motion_and_blood_change_what_else_would_stand_still(key, value):
    still = dataclasses.replace(
        SMALL, motion_px=0.0, blood=0.0, bleaching=0.0, waves=0.0, rate_hz=0.0
    )
    moves = dataclasses.replace(still, **{key: value})
    spread = [
        np.std([VoltageMovie(one).photons(t)[:56, :60] for t in range(0, 60, 7)], axis=0).max()
        for one in (still, moves)
    ]
    assert spread[0] < 1e-5 < 0.05 < spread[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": (1, 64, 64)},
        {"photons": 0},
        {"frame_rate_hz": 1.0},
        {"motion_px": 9.0},
        {"rate_hz": -1},
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(SettingsError):
        Voltage(**{"sizes": SIZES, **wrong})
