"""What summaries, intervals and lines between grey levels promise."""

import math

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.measure.metrics import fit_affine
from n2v_tools.measure.scaling import ScalingSums
from n2v_tools.measure.summary import measure_gain, summarise


def test_mean_deviation_of_a_sample_and_number():
    found = summarise(np.array([1.0, 2.0, 4.0, math.nan]))
    assert (found.mean, found.n) == (pytest.approx(7 / 3), 3)
    assert found.std == pytest.approx(np.std([1, 2, 4], ddof=1))


def test_one_value_has_no_deviation_and_none_has_no_mean():
    assert summarise(np.array([3.0])).std is None
    nothing = summarise(np.array([math.nan]))
    assert math.isnan(nothing.mean) and nothing.std is None and nothing.n == 0
    alone = measure_gain([np.array([3.0])], default_rng(0))
    assert (alone.mean, alone.low, alone.high) == (3.0, None, None)
    assert measure_gain([], default_rng(0)).n == 0


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    hits = 0
    for seed in range(200):
        found = measure_gain([default_rng(seed).normal(1, 2, 60)], default_rng(seed))
        hits += found.low <= 1 <= found.high
    assert 0.90 <= hits / 200 <= 0.99


def test_planes_of_one_file_are_no_independent_witnesses():
    levels = default_rng(0).normal(0, 1, 12)
    files = [level + 0.01 * default_rng(i).normal(size=100) for i, level in enumerate(levels)]
    by_file = measure_gain(files, default_rng(0))
    as_one = measure_gain([np.concatenate(files)], default_rng(0))
    assert by_file.mean == pytest.approx(as_one.mean)
    assert by_file.high - by_file.low > 5 * (as_one.high - as_one.low)


def test_equal_seeds_give_equal_intervals():
    values = [default_rng(0).normal(size=30)]
    assert measure_gain(values, default_rng(5)) == measure_gain(values, default_rng(5))


def test_infinity_counts_only_if_there_is_nothing_else():
    found = measure_gain([np.array([1.0, math.inf, 2.0])], default_rng(0))
    assert (found.mean, found.n) == (1.5, 2)
    assert 1 <= found.low <= found.high <= 2
    alone = measure_gain([np.array([math.inf, math.inf])], default_rng(0))
    assert (alone.mean, alone.n, alone.low) == (math.inf, 2, None)


def test_a_line_from_sums_is_that_of_all_pixels_at_once():
    clean = 60000 + default_rng(0).random((6, 20, 30))
    restored = 0.01 * clean - 500 + default_rng(1).normal(0, 1e-3, clean.shape)
    sums = ScalingSums()
    for c, r in zip(clean, restored, strict=True):
        sums.add(r.ravel(), c.ravel())
    np.testing.assert_allclose(
        sums.scaling.apply(restored), fit_affine(restored, clean), rtol=0, atol=1e-6
    )
    direct = np.mean((restored - clean) ** 2)
    fitted = np.mean((fit_affine(restored, clean) - clean) ** 2)
    assert sums.improvement == pytest.approx(direct / fitted, rel=1e-3)


def test_a_constant_has_no_line_to_blame():
    sums = ScalingSums()
    sums.add(np.full(50, 7.0), default_rng(0).random(50))
    assert sums.scaling.gain == 0
    assert sums.improvement == 1
    assert ScalingSums().improvement == 1
