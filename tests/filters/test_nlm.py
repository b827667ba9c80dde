"""Non-local means: scikit-image's, on grey levels that are scaled as it expects."""

import numpy as np
import pytest
from filter_scene import error, make, restore, scene
from scipy import ndimage

from n2v_tools.filters.pieces import Sample


def test_it_is_scikit_images_on_floats(flat_scene):
    from skimage.restoration import denoise_nl_means

    _, noisy = flat_scene
    restored, _ = restore("nlm", noisy, h=20.0, sigma=25.0)
    expected = denoise_nl_means(
        noisy.astype(np.float64), patch_size=7, patch_distance=11, h=20.0, sigma=25.0
    )
    np.testing.assert_allclose(restored, expected, rtol=1e-4)


def test_integers_are_not_blurred_away(rng):
    """h in counts over pixels in 0..1 accepts every patch: scikit-image's trap for integers."""
    stripes = np.where(np.arange(160) // 40 % 2, 40.0, 160.0) * np.ones((160, 1))
    noisy = (stripes + rng.normal(0, 14, stripes.shape)).round().clip(0, 255).astype(np.uint8)
    restored, _ = restore("nlm", noisy)
    assert restored.std() > 0.95 * stripes.std()
    assert error(restored, stripes) < 0.4 * error(noisy, stripes)


@pytest.mark.parametrize("photons", [10, 100])
def test_the_noise_is_measured(photons):
    clean, noisy = scene((256, 256), photons=photons)
    sample = Sample.of([noisy])
    assert sample.sigma * sample.unit == pytest.approx(error(noisy, clean), rel=0.1)


@pytest.mark.parametrize("kernel", [(1, 3), (5, 1), (3, 3)], ids=str)
def test_noise_that_neighbours_share_is_not_taken_for_weak(kernel, rng):
    clean, _ = scene((256, 256))
    noise = ndimage.uniform_filter(rng.normal(size=clean.shape), kernel)
    sample = Sample.of([(clean + 30 * noise / noise.std()).astype(np.float32)])
    assert sample.noise.doubt
    assert sample.sigma * sample.unit == pytest.approx(30, rel=0.1)
    assert sample.doubt == ""


def test_noise_that_cannot_be_told_is_said(rng):
    """A cross is more than the product of a row and a column."""
    clean, _ = scene((256, 256))
    noise = ndimage.convolve(rng.normal(size=clean.shape), ndimage.generate_binary_structure(2, 1))
    noisy = (clean + 30 * noise / noise.std()).astype(np.float32)
    (channel,) = make("nlm", clean.shape).fit_intensity([noisy[..., np.newaxis]]).channels
    assert "cannot be determined" in channel.doubts[0]
    assert 20 < channel.settings.sigma < 40


def test_h_is_08_of_sigma_in_fast_mode_and_06_otherwise(flat_scene):
    planes = [flat_scene[1][..., np.newaxis]]
    for fast, factor in ((True, 0.8), (False, 0.6)):
        one = make("nlm", (160, 180), fast_mode=fast).fit_intensity(planes).channels[0].settings
        assert one.h == pytest.approx(factor * one.sigma)
