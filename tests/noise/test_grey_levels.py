"""Squeezed grey levels are distinguished from few photons and from shifted bits."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.noise.grey_levels import count_levels, files_to_keep, judge_levels


def judged(values, sigma=None):
    return judge_levels(*count_levels([values]), sigma)


def test_rounded_normal_noise_has_the_reference_numbers():
    rng = default_rng(0)
    expected = {0.5: (5, 3, 2.37), 1: (11, 6, 4.30), 2: (20, 11, 8.35), 10.65: (97, 55, 44.0)}
    for sigma, (n_levels, n99, effective) in expected.items():
        found = judged(np.rint(rng.normal(0, sigma, 1_000_000)))
        assert (found.n_levels, found.n99) == (n_levels, n99)
        assert found.effective == pytest.approx(effective, abs=0.01 if sigma < 10 else 0.05)


@pytest.mark.parametrize(
    ("sigma", "verdict"), [(0.5, "compressed"), (1, "warn"), (3, "ok"), (10.65, "ok")]
)
def test_verdict_by_the_levels_that_hold_the_noise(sigma, verdict):
    found = judged(np.rint(default_rng(0).normal(800, sigma, 300_000)).astype(np.uint16), sigma)
    assert found.verdict == verdict
    assert found.keep == (verdict != "compressed")


def test_a_few_outliers_do_not_make_levels_rich():
    values = np.rint(default_rng(0).normal(800, 0.5, 300_000)).astype(np.uint16)
    values[:10] = np.arange(2000, 2010)
    assert judged(values).verdict == "compressed"


def test_noise_below_half_a_step_is_warned_of_however_many_levels_there_are():
    ramp = np.repeat(np.arange(200), 1000)
    assert judged(ramp, sigma=0.4).verdict == "warn"
    assert judged(ramp, sigma=2.0).verdict == "ok"
    assert judged(16 * ramp, sigma=6.0).verdict == "warn"


def test_shifted_bits_are_steps_not_lost_levels():
    values = np.rint(default_rng(0).normal(800, 10, 100_000)).astype(np.uint16)
    assert judged(values * 16).step == 16
    assert judged(values * 16).n99 == judged(values).n99


def test_floats_are_sampled_and_have_no_step():
    found = judged(default_rng(0).normal(0, 1, (400, 500)).astype(np.float32))
    assert found.step == 0 and found.verdict == "ok" and found.n_levels > 10_000
    assert judged(np.repeat(np.float32([0.1, 0.25, 0.37]), 5000)).verdict == "compressed"


def test_counting_in_pieces_equals_counting_at_once():
    planes = default_rng(0).integers(-70, 300, (5, 40, 50))
    levels, counts = count_levels(planes)
    there, n = np.unique(planes, return_counts=True)
    np.testing.assert_array_equal(levels, there)
    np.testing.assert_array_equal(counts, n)


def test_nothing_and_one_value():
    assert judge_levels(*count_levels([])).n_levels == 0
    assert judged(np.full((9, 9), 7, np.uint8)).n99 == 1


def test_of_several_files_the_rich_ones_are_kept():
    rng = default_rng(0)
    files = {
        name: judged(np.rint(rng.normal(800, sigma, 100_000)))
        for name, sigma in {"a": 10, "b": 0.4, "c": 1}.items()
    }
    assert files_to_keep(files) == (["a", "c"], ["b"])
