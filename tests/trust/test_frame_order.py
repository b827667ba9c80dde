"""Exchanged frames and planes are named; what only looks like it is not."""

import numpy as np
import pytest
from faults import changing_scene
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from n2v_tools.trust.frame_order import OrderSums


def order_of(noisy, restored, axis="T", first=0):
    sums = OrderSums(axis)
    for number, (one, other) in enumerate(zip(noisy, restored, strict=True), start=first):
        sums.add(one.astype(float), other.astype(float), number)
    return sums.order()


def exchange(stack, *pairs):
    order = np.arange(len(stack))
    for one, other in pairs:
        order[[one, other]] = order[[other, one]]
    return stack[order]


@pytest.mark.parametrize("pairs", [[(6, 7)], [(5, 17)], [(0, 23)], [(3, 9), (12, 20)]], ids=str)
@pytest.mark.parametrize("shape", [(24, 64, 80), (40, 48, 48)], ids=str)
def test_frames_that_were_exchanged_are_named(shape, pairs):
    noisy, restored = changing_scene(shape, 21)
    assert order_of(noisy, restored).exchanged == ()
    for result in (restored, noisy.astype(float)):
        found = order_of(noisy, exchange(result, *pairs), first=100)
        assert {(a - 100, b - 100) for a, b in found.exchanged} == set(pairs)


@pytest.mark.parametrize("n", [2, 3, 9])
def test_so_are_planes_of_a_volume(n):
    noisy, restored = changing_scene((n, 64, 64), 22)
    assert order_of(noisy, restored, "Z").exchanged == ()
    assert order_of(noisy, exchange(restored, (0, n - 1)), "Z").exchanged == ((0, n - 1),)


def test_frames_predicted_from_their_neighbours_are_in_their_place():
    noisy, _ = changing_scene((40, 64, 64), 23, photons=4)
    padded = np.pad(noisy.astype(float), ((2, 2), (0, 0), (0, 0)), mode="reflect")
    around = sum(padded[i : i + 40] for i in (0, 1, 3, 4)) / 4
    assert order_of(noisy, gaussian_filter(around, (0, 1, 1))).exchanged == ()


@pytest.mark.parametrize("frames", [4, 10])
def test_what_was_smeared_over_time_was_not_exchanged(frames):
    noisy, restored = changing_scene((40, 64, 64), 24)
    assert order_of(noisy, gaussian_filter1d(restored, frames, axis=0)).exchanged == ()


def test_where_nothing_changes_nothing_shows():
    still = np.repeat(changing_scene((1, 64, 64), 25)[1], 20, axis=0)
    noisy = still + np.random.default_rng(0).normal(0, 10, still.shape)
    found = order_of(noisy, still + np.random.default_rng(1).normal(0, 1e-3, still.shape))
    assert (found.exchanged, found.shows_from) == ((), None)
