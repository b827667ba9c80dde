"""A sample of a stack is bounded, evenly spread, and free of strips and broken pixels."""

import numpy as np
from numpy.random import default_rng

from n2v_tools.noise.sample import evenly, read_sample
from n2v_tools.stack import Stack


class Counting:
    """An array that counts the pixels it gives out."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.n_read = 0

    def __getitem__(self, key):
        part = self.array[key]
        self.n_read += part.size
        return part


def test_no_more_is_read_and_kept_than_asked_for():
    array = Counting(default_rng(0).normal(100, 5, (200, 64, 64)).astype(np.float32))
    sample = read_sample(Stack(array, "TYX"), most_px=20 * 64 * 64)
    kept = sum(plane.size for plane in (*sample.planes, *sample.runs["T"]))
    assert kept <= 20 * 64 * 64
    assert array.n_read <= 20 * 64 * 64


def test_strips_and_broken_pixels_are_not_in_it():
    counts = default_rng(0).normal(100, 5, (6, 80, 90)).astype(np.float32)
    counts[:, :, :20] = 0
    counts[2, 40, 50] = np.nan
    sample = read_sample(Stack(counts, "ZYX"))
    assert all(plane.min() > 0 and np.isfinite(plane).all() for plane in sample.planes)
    assert read_sample(Stack(counts, "ZYX"), keep_strips=True).planes[0].min() == 0


def test_pairs_are_successive_planes_along_time_before_depth():
    counts = np.broadcast_to(np.arange(8.0)[:, None, None], (8, 32, 32)).astype(np.float32) + 1
    stack = Stack(np.stack([counts, counts + 100], axis=1), "TZYX")
    sample = read_sample(stack)
    assert {float((b - a).mean()) for a, b in sample.successive} == {1.0}
    assert {float((b - a).mean()) for a, b in sample.pairs["Z"]} == {100.0}
    assert read_sample(Stack(counts[0], "YX")).successive == []


def test_evenly_chosen_are_the_ends_too():
    assert evenly(range(10), 4) == [0, 3, 6, 9]
    assert evenly(range(3), 8) == [0, 1, 2]
