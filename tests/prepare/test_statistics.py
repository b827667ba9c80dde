"""A summary does not depend on how the pixels came, and equals that of NumPy."""

import tracemalloc

import numpy as np
import pytest

from n2v_tools.prepare.statistics import MAX_LEVELS, Summary, intensity_for

KINDS = ["bool", "uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_parts", [1, 7])
def test_it_equals_numpys_however_the_pixels_come(kind, n_parts):
    pixels = (np.random.default_rng(0).normal(60, 20, 5000).clip(0, 120)).astype(kind)
    counting = intensity_for(pixels.dtype)
    for part in np.array_split(pixels, n_parts):
        counting.add(part[:0])
        counting.add(part)
    found = counting.summary()
    assert found.n_pixels == 5000
    assert found.mean == pytest.approx(pixels.mean(dtype=float), rel=1e-12)
    assert found.std == pytest.approx(pixels.std(dtype=float), rel=1e-9)
    assert (found.minimum, found.maximum) == (pixels.min(), pixels.max())
    assert found.n_at_maximum == np.count_nonzero(pixels == pixels.max())
    np.testing.assert_array_equal(found.levels, np.unique(pixels))


@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_without_pixels_everything_is_0(kind):
    found, nothing = intensity_for(np.dtype(kind)).summary(), Summary()
    assert (found.n_pixels, found.mean, found.std, found.maximum) == (0, 0, 0, 0)
    assert len(found.levels) == len(nothing.levels) == 0


def test_the_levels_of_wide_types_are_bounded():
    counting = intensity_for(np.dtype(np.uint32))
    for start in range(0, 3 * MAX_LEVELS, MAX_LEVELS):
        counting.add(np.arange(start, start + MAX_LEVELS, dtype=np.uint32))
    assert len(counting.summary().levels) == MAX_LEVELS


def test_counting_a_large_plane_takes_hardly_any_memory():
    pixels, counting = np.ones(2**24, np.uint16), intensity_for(np.dtype(np.uint16))
    tracemalloc.start()
    counting.add(pixels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < pixels.nbytes / 2
    assert counting.summary().n_pixels == len(pixels)
