"""Test-time augmentation averages over the symmetries of YX."""

import numpy as np
from numpy.random import default_rng
from restore_fakes import Filter, box_mean

from n2v_tools.prepare.struct_mask import StructMask
from n2v_tools.prepare.symmetry import symmetries
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.restore.test_time import WithSymmetries
from n2v_tools.stack import Stack


def tiles(*shape):
    return default_rng(0).normal(size=shape).astype(np.float32)


def test_a_filter_that_is_symmetric_itself_stays_as_it_is():
    for shape, axes in [((2, 12, 20, 1), "YX"), ((1, 5, 12, 20, 2), "ZYX")]:
        filtered = Filter(box_mean(2), axes).predict(tiles(*shape))
        averaged = WithSymmetries(Filter(box_mean(2), axes)).predict(tiles(*shape))
        np.testing.assert_allclose(averaged, filtered, atol=1e-6)


def test_a_filter_that_shifts_is_made_symmetric_in_yx_and_left_alone_in_z():
    volume = np.zeros((1, 9, 9, 9, 1), np.float32)
    volume[0, 4, 4, 4] = 8
    in_y = WithSymmetries(Filter(lambda v: np.roll(v, 1, axis=1), "ZYX")).predict(volume)
    assert [in_y[0, 4, 4 + y, 4 + x, 0] for y, x in ((1, 0), (-1, 0), (0, 1), (0, -1))] == [2] * 4
    in_z = WithSymmetries(Filter(lambda v: np.roll(v, 1, axis=0), "ZYX")).predict(volume)
    assert in_z[0, 5, 4, 4, 0] == 8


def test_noise_along_rows_is_never_shown_as_columns():
    along_rows = symmetries(StructMask.of_kind("horizontal", 1, 3))
    shifted = WithSymmetries(Filter(lambda p: np.roll(p, 1, axis=0)), along_rows)
    plane = np.zeros((1, 9, 9, 1), np.float32)
    plane[0, 4, 4] = 2
    restored = shifted.predict(plane)[0, ..., 0]
    assert restored[5, 4] == restored[3, 4] == 1
    assert restored[4, 3] == restored[4, 5] == 0


def test_in_tiles_equals_in_one_piece():
    stack = Stack(default_rng(0).integers(1, 999, (2, 75, 118)), "TYX")
    shift = Filter(lambda p: box_mean(3)(p) + np.roll(p, (1, 3), (0, 1)), reach=7, block=4)
    results = []
    for memory, bytes_per_px in ((10**9, 10), (600_000, 100)):
        shift.bytes_per_px = bytes_per_px
        out = np.empty((2, 75, 118), np.float32)
        restore_stack(
            stack, shift, lambda at, plane, out=out: out.__setitem__(at["T"], plane),
            memory_bytes=memory, tta=True,
        )  # fmt: skip
        results.append(out[:, 8:-8, 8:-8])  # np.roll wraps round at the border of the field
    assert shift.n_tiles > 2 * 8 * 2
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
