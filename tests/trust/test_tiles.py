"""Tiles of planes: windows, transforms, and means of blocks."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.trust.reference import LAGS, Reference
from n2v_tools.trust.tiles import Tiles, block_means


def white(variance):
    acf = np.zeros((2 * LAGS + 1, 2 * LAGS + 1))
    acf[LAGS, LAGS] = 1
    return Reference(0.0, variance, acf)


def test_white_noise_has_the_power_of_the_window_at_every_frequency():
    noise = default_rng(0).normal(100, 7, (512, 512))
    tiles = Tiles(32)
    bands = [first for _, first, _ in tiles.weighed(noise, noise, white(49.0))]
    power = np.mean(np.abs(np.concatenate(bands)) ** 2, axis=0) / (tiles.window**2).sum()
    assert power[tiles.frequency > 0.1].mean() == pytest.approx(1, rel=0.02)


def test_tiles_overlap_by_half():
    plane = np.ones((64, 48))
    bands = [(y, len(first)) for y, first, _ in Tiles(16).weighed(plane, plane, white(1.0))]
    assert bands == [(y, 5) for y in range(0, 49, 8)]


def test_every_frequency_of_the_full_transform_is_counted():
    assert Tiles(16).times.sum() == 16 * 16


def test_blocks_are_averaged_and_the_rest_is_cut_off():
    plane = np.arange(35).reshape(5, 7)
    np.testing.assert_array_equal(block_means(plane, 2), [[4, 6, 8], [18, 20, 22]])
