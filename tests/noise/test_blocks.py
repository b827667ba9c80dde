"""Planes are cut into whole blocks, and blocks sorted by brightness and by power."""

import itertools

import numpy as np
from numpy.random import default_rng

from n2v_tools.noise.blocks import block_means, by_brightness, middle, quietest, to_blocks


def test_blocks_hold_each_whole_square_once():
    plane = np.arange(7 * 11).reshape(7, 11)
    blocks = to_blocks(plane, 3)
    assert blocks.shape == (2 * 3, 9)
    np.testing.assert_array_equal(blocks[4].reshape(3, 3), plane[3:6, 3:6])
    np.testing.assert_allclose(block_means([plane, plane], 3), 2 * list(blocks.mean(axis=1)))


def test_bins_are_ascending_in_brightness_and_hold_enough():
    means = default_rng(0).random(1000)
    bins = by_brightness(means, 24, 8)
    assert len(bins) == 8
    assert sorted(np.concatenate(bins)) == list(range(1000))
    for darker, brighter in itertools.pairwise(bins):
        assert means[darker].max() <= means[brighter].min()
    assert len(by_brightness(means[:50], 24, 8)) == 2
    assert len(by_brightness(means[:5], 24, 8)) == 1


def test_the_quietest_of_some_blocks_are_chosen_by_their_power_alone():
    power = default_rng(0).random(100)
    some = np.arange(0, 100, 2)
    found = quietest(some, power, 0.2, 3)
    assert set(found) <= set(some) and len(found) == 10
    assert power[found].max() <= np.sort(power[some])[9]
    assert len(quietest(some, power, 0.01, 3)) == 3


def test_the_middle_of_an_axis_leaves_as_much_on_either_side():
    for size in (5, 128, 129, 200):
        part = middle(size, 128)
        assert part.stop - part.start == min(size, 128)
        assert abs(part.start - (size - part.stop)) <= 1
