"""What a noisy image says of a restored one's error, against the error that is known."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter, uniform_filter

from n2v_tools.restore.own_error import ErrorSums
from n2v_tools.restore.uncertainty import most_likely


def restored_with(restore, clean, sigma, seed=0):
    """Sums of one image under white noise, and the mean squared error in truth."""
    rng = default_rng(seed)
    noisy = clean + rng.normal(0, sigma, clean.shape)
    answer = restore(noisy)
    probes = []
    for _ in range(4):
        drawn = sigma * rng.choice([-1.0, 1.0], clean.shape)
        probes.append((drawn, restore(noisy + drawn) - answer))
    sums = ErrorSums()
    spread = np.mean([moved**2 for _, moved in probes], axis=0)
    noise = np.full_like(clean, sigma**2)
    valid = np.zeros(clean.shape, bool)
    valid[8:-8, 8:-8] = True
    sums.add(noisy, answer, (spread, spread, noise), probes, valid)
    return sums, float(((answer - clean)[valid] ** 2).mean())


def flat(edge=512):
    return np.full((edge, edge), 100.0)


def textured(edge=512):
    smooth = gaussian_filter(default_rng(5).normal(size=(edge, edge)), 3)
    return 100 + 20 * smooth / smooth.std()


def mean_of(width):
    return lambda image: uniform_filter(image, width)


@pytest.mark.parametrize("clean", [flat(), textured()], ids=["flat", "textured"])
@pytest.mark.parametrize("width", [3, 7, 15])
def test_both_answers_agree_with_the_truth(clean, width):
    sums, true = restored_with(mean_of(width), clean, sigma=10.0)
    assert sums.by_power(0.0).value == pytest.approx(true, rel=0.15, abs=0.6)
    assert sums.by_neighbours().value == pytest.approx(true, rel=0.35)
    assert abs(sums.by_power(0.0).value - true) < 4 * sums.by_power(0.0).sure_to


def test_an_unsure_noise_makes_the_power_unsure_but_not_the_neighbours():
    sums, _ = restored_with(mean_of(7), flat(), sigma=10.0)
    assert sums.by_power(0.1).sure_to == pytest.approx(10, rel=0.05)
    assert sums.by_neighbours().sure_to < 0.5


def test_a_method_that_smooths_all_away_is_found_out_whatever_is_typical():
    sums, true = restored_with(lambda image: np.full_like(image, 100.0), textured(), sigma=10.0)
    assert sums.by_neighbours() is None  # nothing is left of the noise
    squared = most_likely(1e-3, [(sums.by_power(0.02), 0.1)])
    assert squared == pytest.approx(true, rel=0.1)


def test_where_the_image_says_nothing_what_is_typical_decides():
    assert most_likely(4.0, []) == pytest.approx(4.0, rel=0.01)
    assert most_likely(0.0, []) == 0.0
