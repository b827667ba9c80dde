"""The median filter against scipy's, however it is computed."""

import numpy as np
import pytest
from filter_scene import error, restore, scene
from scipy import ndimage

from n2v_tools.filters import median
from n2v_tools.filters.median import TRIED_PX, Median
from n2v_tools.filters.pieces import Sample


@pytest.mark.parametrize("size", [(3,), (5, 3), (1, 7), (11,), (13, 21)], ids=str)
@pytest.mark.parametrize("levels", [8, 300, 5000, None], ids=["8", "300", "5000", "float"])
def test_it_is_scipys(size, levels, rng):
    counts = rng.random((70, 90)).astype(np.float32)
    if levels is not None:
        counts = np.floor(counts * levels).astype(np.float32)
    restored, _ = restore("median", counts, size=size)
    expected = ndimage.median_filter(counts, size=size if len(size) == 2 else size * 2)
    np.testing.assert_array_equal(restored, expected)


def test_volumes_too_and_large_windows_are_counted(rng, monkeypatch):
    counts = rng.integers(0, 50, (9, 30, 30)).astype(np.float32)
    selected = ndimage.median_filter(counts, size=(3, 7, 7))
    monkeypatch.setattr(ndimage, "median_filter", None)
    np.testing.assert_array_equal(Median(size=(3, 7, 7)).apply(counts), selected)


def test_many_levels_in_a_small_window_are_selected(rng, monkeypatch):
    monkeypatch.setattr(median, "_count", None)
    Median(size=(11,)).apply(rng.random((64, 64)).astype(np.float32))


def test_counting_is_not_slower_for_a_larger_window(rng):
    from time import process_time

    counts = rng.integers(0, 200, (256, 256)).astype(np.float32)
    Median(size=(11,)).apply(counts)  # imports
    seconds = []
    for edge in (11, 41):
        started = process_time()
        Median(size=(edge,)).apply(counts)
        seconds.append(process_time() - started)
    assert seconds[1] < 5 * seconds[0]  # 14 times the pixels


def test_the_size_estimated_grows_with_the_noise_and_is_nearly_the_best():
    chosen = []
    for photons in (300, 30, 3):
        clean, noisy = scene((256, 256), photons=photons)
        one = Median().estimated(Sample.of([noisy]))
        best = min(error(Median(size=(edge,)).apply(noisy), clean) for edge in TRIED_PX)
        assert error(one.apply(noisy), clean) < 1.15 * best
        chosen.append(one.size[0])
    assert chosen == sorted(chosen)
    assert chosen[0] == 3 < chosen[-1]
