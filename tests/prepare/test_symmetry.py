import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.prepare.struct_mask import StructMask, to_struct_mask
from n2v_tools.prepare.symmetry import Symmetry, symmetries

LINE = StructMask.of_kind("horizontal", 1, 5)
CROSS = StructMask.of_kind("cross", 3, 3)
WIDE_CROSS = StructMask.of_kind("cross", 3, 5)
SQUARE = StructMask.of_kind("square", 3, 3)
ONE_SIDED = to_struct_mask([[0, 1, 1]], 2)


def test_the_square_has_eight_symmetries_and_they_all_differ():
    patch = default_rng(0).random((1, 4, 4, 1))
    turned = {one.apply(patch).tobytes() for one in symmetries()}
    assert len(turned) == 8
    assert {np.rot90(patch, k, axes=(1, 2)).tobytes() for k in range(4)} <= turned


@pytest.mark.parametrize("shape", [(2, 6, 6, 3), (2, 4, 6, 6, 3)], ids=["YX", "ZYX"])
def test_each_operation_is_undone_by_its_inverse(shape):
    patches = default_rng(0).random(shape)
    for one in symmetries(flip_z=len(shape) == 5):
        np.testing.assert_array_equal(one.inverse.apply(one.apply(patches)), patches)


def test_depth_is_flipped_but_never_turned_into_rows():
    listed = symmetries(flip_z=True)
    assert len(listed) == len(set(listed)) == 16
    patch = default_rng(0).random((1, 3, 4, 4, 1))
    for one in listed:
        planes = one.apply(patch).sum(axis=(2, 3)).ravel()
        order = patch.sum(axis=(2, 3)).ravel()
        np.testing.assert_allclose(planes, order[::-1] if one.flip_z else order)


@pytest.mark.parametrize(
    ("mask", "count"),
    [(None, 8), (LINE, 4), (CROSS, 8), (WIDE_CROSS, 4), (SQUARE, 8), (ONE_SIDED, 2)],
    ids=["none", "line", "cross", "wide cross", "square", "one-sided"],
)
def test_a_mask_forbids_what_would_turn_its_noise(mask, count):
    assert len(symmetries(mask)) == count


def test_a_line_stays_a_line_in_three_dimensions_too():
    assert not any(one.transpose for one in symmetries(to_struct_mask([[[1] * 5]], 3), flip_z=True))
    assert len(symmetries(LINE, flip_z=True)) == 8


def test_a_mask_that_looks_forward_forbids_flipping_depth():
    forward = to_struct_mask([[[0]], [[1]], [[1]]], 3)
    assert not any(one.flip_z for one in symmetries(forward, flip_z=True))


def test_nothing_is_transposed_where_rows_and_columns_differ():
    assert len(symmetries(square=False)) == 4


def test_the_first_operation_changes_nothing():
    assert symmetries(LINE)[0] == Symmetry()
