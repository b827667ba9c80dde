"""Noise is measured where it can be, and doubted where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from n2v_tools.noise.level import Noise, measure_noise


def patches_of(plane: np.ndarray, edge: int = 64) -> np.ndarray:
    rows, columns = plane.shape[0] // edge, plane.shape[1] // edge
    cut = plane[: rows * edge, : columns * edge].reshape(rows, edge, columns, edge)
    return cut.swapaxes(1, 2).reshape(-1, edge, edge, 1).astype(np.float32)


def scene(rng: np.random.Generator, low: float, high: float, edge: int = 512) -> np.ndarray:
    """Smooth structure with some sharp edges."""
    smooth = ndimage.gaussian_filter(rng.normal(size=(edge, edge)), 12)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    smooth[:, edge // 2 :: 37] *= 0.5
    return low + (high - low) * smooth


@pytest.mark.parametrize("seed", range(3))
def test_poisson_noise_with_gain_and_offset(seed):
    rng = np.random.default_rng(seed)
    clean = scene(rng, 5, 60)
    found = measure_noise(patches_of(3 * rng.poisson(clean) + 100.0))[0]
    assert not found.doubt
    at = 100 + 3 * np.array([15.0, 30, 45])
    np.testing.assert_allclose(found.variance(at), 9 * np.array([15, 30, 45]), rtol=0.12)
    assert 0.6 < found.skew < 1.4


@pytest.mark.parametrize("sigma", [1.0, 20.0])
def test_normal_noise_has_no_gain(sigma):
    rng = np.random.default_rng(1)
    clean = scene(rng, 50, 200)
    found = measure_noise(patches_of(clean + rng.normal(0, sigma, clean.shape)))[0]
    assert not found.doubt
    np.testing.assert_allclose(np.sqrt(found.variance(np.array([80.0, 150]))), sigma, rtol=0.06)


@pytest.mark.parametrize("axis,word", [(0, "along Y"), (1, "along X")])
def test_noise_correlated_along_an_axis_is_doubted(axis, word):
    rng = np.random.default_rng(2)
    white = rng.normal(0, 10, (512, 512))
    found = measure_noise(patches_of(100 + white + 0.4 * np.roll(white, 1, axis)))[0]
    assert word in found.doubt


def test_noise_of_a_resampled_image_is_doubted():
    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(0, 10, (512, 512)), 0.6)
    assert "from pixel to pixel" in measure_noise(patches_of(100 + noise))[0].doubt


def test_planes_that_share_their_noise_are_doubted():
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 10, (8, 8, 64, 64, 1)).astype(np.float32)
    assert not measure_noise(100 + noise)[0].doubt
    interpolated = (noise + np.roll(noise, 1, axis=1)) / 2
    assert "neighbouring planes" in measure_noise(100 + interpolated)[0].doubt


def test_texture_alone_is_not_taken_for_white_noise():
    texture = ndimage.gaussian_filter(np.random.default_rng(5).normal(0, 10, (512, 512)), 1)
    assert measure_noise(patches_of(texture))[0].doubt


@pytest.mark.parametrize(
    "patches", [np.zeros((3, 16, 16, 1), np.float32), np.full((99, 64, 64, 1), 7, np.float32)]
)
def test_nothing_to_measure_is_said(patches):
    assert measure_noise(patches)[0].doubt


def test_each_channel_has_its_own_noise():
    rng = np.random.default_rng(6)
    both = np.concatenate(
        [patches_of(100 + rng.normal(0, sigma, (256, 256))) for sigma in (5, 20)], axis=-1
    )
    found = [float(noise.variance(np.array(100.0))) for noise in measure_noise(both)]
    np.testing.assert_allclose(found, [25, 400], rtol=0.1)


def test_the_measure_scales_with_the_counts():
    rng = np.random.default_rng(7)
    patches = patches_of(rng.poisson(scene(rng, 5, 60)).astype(float))
    one, ten = measure_noise(patches)[0], measure_noise(10 * patches)[0]
    np.testing.assert_allclose(
        [ten.gain, ten.floor, ten.skew], [10 * one.gain, 100 * one.floor, one.skew], rtol=1e-2
    )


def test_variance_is_never_negative():
    assert Noise(2.0, -200.0).variance(np.array([50.0, 150]))[0] == 0


@pytest.mark.parametrize(("gain", "offset", "photons"), [(1.0, 0.0, 0.2), (12.0, 100.0, 5.0)])
def test_photons_are_counted_from_the_noise(gain, offset, photons):
    noise = Noise(gain, -gain * offset)
    assert noise.photons(gain * photons + offset) == pytest.approx(photons)
    assert Noise(gain, gain**2 * 9 - gain * offset).photons(offset) == pytest.approx(
        9
    )  # read noise
    assert Noise(0.0, 4.0).photons(50.0) == np.inf
