import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.camera import Camera


def test_many_exposures_average_to_what_is_expected():
    camera, photons = Camera(), np.array([0.0, 2.0, 50.0])
    counts = camera.expose(np.broadcast_to(photons, (40_000, 3)), default_rng(0))
    np.testing.assert_allclose(counts.mean(axis=0), camera.expect(photons), atol=0.3)


def test_noise_is_shot_noise_and_read_noise():
    camera = Camera(gain=3, offset=200, read_noise=2)
    counts = camera.expose(np.full(100_000, 20.0), default_rng(0))
    in_counts = 3**2 * (20 + 2**2) + 1 / 12  # the last for whole counts
    assert counts.var() == pytest.approx(in_counts, rel=0.02)


def test_neighbours_are_independent():
    counts = Camera().expose(np.full((300, 300), 10.0), default_rng(0)).astype(float)
    assert abs(np.corrcoef(counts[:, :-1].ravel(), counts[:, 1:].ravel())[0, 1]) < 0.02


def test_no_real_pixel_is_zero_and_bright_ones_saturate():
    camera = Camera(offset=1, read_noise=30)
    dark, bright = np.zeros((50, 50)), np.full((50, 50), 1e6)
    assert camera.expose(dark, default_rng(0)).min() == 1
    assert camera.expose(bright, default_rng(0)).min() == 65_535
    assert camera.expect(bright).max() == 65_535


@pytest.mark.parametrize("photons", [0, -1, float("nan"), float("inf"), 1e5])
def test_a_signal_that_no_camera_records_is_refused(photons):
    with pytest.raises(SettingsError, match="--photons"):
        Camera().require_photons(photons)


@pytest.mark.parametrize("wrong", [{"gain": 0}, {"offset": 0}, {"read_noise": -1}])
def test_a_camera_that_cannot_be_is_refused(wrong):
    with pytest.raises(SettingsError):
        Camera(**wrong)
