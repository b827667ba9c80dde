"""Noise that neighbours along a line share."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.camera import Camera
from n2v_tools.simulate.detector import Detector

CAMERA = Camera(gain=20, offset=200, read_noise=0.5)


def noise(detector, photons=4.0, n=300):
    """Noise in photons, shape (n, n)."""
    image = np.full((n, n), photons)
    return (detector.expose(image, default_rng(0)) - 200.0) / 20 - image


def correlation(values, lag_y, lag_x):
    near, far = values[: len(values) - lag_y, : len(values) - lag_x], values[lag_y:, lag_x:]
    return (near * far).mean() / values.var()


@pytest.mark.parametrize("asked", [0.0, 0.2, 0.41, 0.5])
def test_neighbours_along_x_are_correlated_as_asked_and_others_are_not(asked):
    values = noise(Detector(x_correlation=asked))
    assert correlation(values, 0, 1) == pytest.approx(asked, abs=0.015)
    assert correlation(values, 0, 2) == pytest.approx(0, abs=0.015)
    assert correlation(values, 1, 0) == pytest.approx(0, abs=0.015)


@pytest.mark.parametrize("asked", [0.0, 0.4])
def test_spreading_noise_changes_neither_its_variance_nor_the_signal(asked):
    values = noise(Detector(x_correlation=asked))
    assert values.var() == pytest.approx(4 + 0.5**2, rel=0.02)
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values[:, 0].var() == pytest.approx(4.25, rel=0.25)


def test_rows_are_offset_as_asked():
    values = noise(Detector(row_noise=1.0))
    assert values.mean(axis=1).std() == pytest.approx(1, rel=0.12)
    assert values.mean(axis=0).std() < 0.2
    assert correlation(values, 0, 9) == pytest.approx(1 / (1 + 4.25), abs=0.04)


def test_without_shared_noise_it_is_the_camera():
    image = np.full((20, 30), 3.0)
    np.testing.assert_array_equal(
        Detector(camera=CAMERA).expose(image, default_rng(5)), CAMERA.expose(image, default_rng(5))
    )


@pytest.mark.parametrize(
    "wrong", [{"x_correlation": 0.6}, {"x_correlation": -0.1}, {"row_noise": float("nan")}]
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"^--(x-correlation|row-noise) "):
        Detector(**wrong)
