"""Jitter: what all pixels share from frame to frame is found, and what is slow is left."""

import numpy as np
import pytest

from n2v_tools.methods.cellmincer.jitter import find_gains, log_brightness


def movie(n_frames=600):
    rng = np.random.default_rng(0)
    gains = np.exp(rng.normal(0, 0.1, n_frames))
    slow = 1 + 0.2 * np.sin(np.arange(n_frames) / 80)
    image = rng.uniform(200, 600, (20, 20))
    return gains, 100 + (gains * slow)[:, None, None] * image


@pytest.mark.parametrize("smoothing", ["median", "mean", "lowpass"])
def test_the_gain_of_each_frame_is_found(smoothing):
    gains, frames = movie()
    logs = np.array([log_brightness(frame, 100) for frame in frames])
    found = find_gains(logs, smoothing, 31, 500, 20)
    error = np.log(found[40:-40] / gains[40:-40])
    assert np.log(gains).std() > 0.09 and (error - error.mean()).std() < 0.035


def test_without_it_all_gains_are_1():
    assert (find_gains(np.arange(9.0), "none", 5, 500, 80) == 1).all()
    assert (find_gains(np.arange(1.0), "median", 5, 500, 80) == 1).all()


def test_counts_below_the_baseline_do_no_harm():
    assert log_brightness(np.full((4, 4), 50.0), 100) == 0
