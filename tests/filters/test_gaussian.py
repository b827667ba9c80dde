"""The Gaussian blur against scipy's, and how its width is chosen."""

import numpy as np
import pytest
from filter_scene import error, restore, scene
from scipy import ndimage

from n2v_tools.filters.gaussian import STEPS_PX, Gaussian
from n2v_tools.filters.pieces import Sample


@pytest.mark.parametrize("sigma", [(1.3,), (0.0, 2.5)], ids=str)
def test_it_is_scipys(sigma, rng):
    counts = rng.random((60, 50)).astype(np.float32)
    restored, _ = restore("gaussian", counts, sigma=sigma)
    expected = ndimage.gaussian_filter(counts, sigma if len(sigma) == 2 else sigma * 2)
    np.testing.assert_array_equal(restored, expected)


def test_one_width_per_axis_depth_first(rng):
    counts = rng.random((8, 30, 30)).astype(np.float32)
    restored, _ = restore("gaussian", counts, sigma=(0.5, 1.5, 2.0))
    np.testing.assert_array_equal(restored, ndimage.gaussian_filter(counts, (0.5, 1.5, 2.0)))


@pytest.mark.parametrize("photons", [3, 30, 300])
def test_the_width_chosen_is_about_as_good_as_the_best(photons):
    clean, noisy = scene((256, 256), photons=photons)
    best = min(error(Gaussian(sigma=(s,)).apply(noisy), clean) for s in STEPS_PX)
    chosen = Gaussian().estimated(Sample.of([noisy]))
    assert error(chosen.apply(noisy), clean) < 1.03 * best


@pytest.mark.parametrize("kernel", [(1, 3), (5, 1), (3, 3)], ids=str)
def test_the_width_counts_what_neighbours_share(kernel, rng):
    clean, _ = scene((256, 256))
    noise = ndimage.uniform_filter(rng.normal(size=clean.shape), kernel)
    noisy = (clean + 60 * noise / noise.std()).astype(np.float32)
    best = min(error(Gaussian(sigma=(s,)).apply(noisy), clean) for s in STEPS_PX)
    sample = Sample.of([noisy])
    counted = error(Gaussian().estimated(sample).apply(noisy), clean)
    assert counted < 1.25 * best
    sample.__dict__["shared"] = None  # as if the noise were white
    assert error(Gaussian().estimated(sample).apply(noisy), clean) > 1.2 * counted


@pytest.mark.parametrize("photons", [0.003, 0.03, 0.1, 0.4])
@pytest.mark.parametrize("step", [1, 17.5])
def test_of_counts_that_are_mostly_zero_the_mean_is_found(photons, step, rng):
    y, x = np.mgrid[:240, :256]
    truth = step * photons * (0.2 + np.exp(-((y - 80) ** 2 + (x - 120) ** 2) / 3000))
    noisy = (step * rng.poisson(truth / step)).astype(np.float32)
    restored, _ = restore("gaussian", noisy, keep_strips=True)
    best = min(error(Gaussian(sigma=(s,)).apply(noisy), truth) for s in STEPS_PX)
    assert error(restored, truth) < 1.3 * best < 0.2 * error(noisy, truth)
    assert restored.mean() == pytest.approx(noisy.mean(), rel=0.02)


def test_more_noise_gives_a_wider_blur():
    widths = []
    for photons in (300, 30, 3):
        _, noisy = scene((256, 256), photons=photons)
        widths.append(Gaussian().estimated(Sample.of([noisy])).sigma[0])
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_depth_is_not_blurred_where_planes_have_nothing_in_common(rng):
    clean = np.stack([scene((96, 96), seed=seed)[0] for seed in range(12)])
    noisy = (clean + rng.normal(0, 40, clean.shape)).astype(np.float32)
    depth, y, x = Gaussian().estimated(Sample.of([noisy])).sigma
    assert depth < 0.4
    assert y == x > 0.6


def test_depth_is_blurred_most_where_planes_are_alike(rng):
    clean = np.stack([scene((96, 96))[0]] * 12)
    noisy = (clean + rng.normal(0, 40, clean.shape)).astype(np.float32)
    depth, y, _ = Gaussian().estimated(Sample.of([noisy])).sigma
    assert depth > 3
    assert y < 1


def test_an_image_without_noise_is_left_alone():
    clean = (np.arange(128 * 128).reshape(128, 128) // 999).astype(np.float32)
    np.testing.assert_array_equal(restore("gaussian", clean)[0], clean)
