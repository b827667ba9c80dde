import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.prepare.strips import Strips, fill_volume, find_strips


def plane_with(rows=(), columns=(), shape=(12, 17), dtype=np.uint16):
    plane = default_rng(0).integers(1, 1000, shape).astype(dtype)
    plane[list(rows)] = 0
    plane[:, list(columns)] = 0
    return plane


LAYOUTS = {
    "none": ((), ()),
    "left": ((), (0, 1, 2)),
    "right": ((), (15, 16)),
    "both": ((), (0, 1, 16)),
    "inside": ((), (7, 8)),
    "everywhere": ((0, 5, 11), (0, 4, 5, 6, 16)),
    "top and bottom": ((0, 1, 11), ()),
    "one column left": ((), tuple(c for c in range(17) if c != 9)),
    "one pixel left": (tuple(range(11)), tuple(range(16))),
    "alternating": ((), tuple(range(0, 17, 2))),
    "empty": (tuple(range(12)), ()),
}
every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


@every_layout
def test_put_back_after_fill_is_the_original_bit_for_bit(layout):
    plane = plane_with(*layout)
    strips = find_strips(plane)
    filled = strips.fill(plane.astype(np.float32))
    np.testing.assert_array_equal(strips.blank(filled.copy()), plane)


@every_layout
def test_a_filled_plane_has_real_pixels_only(layout):
    plane = plane_with(*layout)
    strips = find_strips(plane)
    filled = strips.fill(plane)
    if not strips.empty:
        assert (filled > 0).all()
        assert set(filled.ravel()) <= set(plane[plane > 0])


@every_layout
def test_boxes_hold_every_real_pixel_once_and_no_strip(layout):
    plane = plane_with(*layout)
    seen = np.zeros(plane.shape, int)
    for y0, y1, x0, x1 in find_strips(plane).boxes():
        seen[y0:y1, x0:x1] += 1
    np.testing.assert_array_equal(seen, plane > 0)


def test_strips_are_exactly_the_zero_rows_and_columns():
    strips = find_strips(plane_with(rows=(3,), columns=(0, 8)))
    assert np.flatnonzero(strips.rows).tolist() == [3]
    assert np.flatnonzero(strips.columns).tolist() == [0, 8]
    assert strips.any and not strips.empty


def test_a_dark_column_with_one_real_pixel_is_no_strip():
    plane = plane_with(columns=(4,))
    plane[2, 4] = 1
    assert not find_strips(plane).any


def test_nan_is_not_zero():
    plane = plane_with(columns=(4,), dtype=np.float32)
    plane[2, 4] = np.nan
    assert not find_strips(plane).any


def test_negative_values_are_real():
    assert not find_strips(-plane_with(dtype=np.int16)).any


def test_an_edge_strip_is_a_mirror_and_an_inner_one_mirrors_both_sides():
    plane = np.array([[0, 0, 1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 0]])
    strips = Strips(np.array([False]), plane[0] == 0)
    assert strips.fill(plane)[0].tolist() == [2, 1, 1, 2, 3, 3, 2, 4, 4, 5, 6, 7, 7]


def test_a_filled_strip_is_as_noisy_as_the_rest():
    plane = default_rng(0).normal(100, 10, (200, 200))
    plane[:, 60:100] = 0
    filled = find_strips(plane).fill(plane)
    assert filled[:, 60:100].std() == pytest.approx(10, rel=0.1)


def test_filling_leaves_its_input_as_it_was():
    plane = plane_with(columns=(0, 5))
    copy = plane.copy()
    find_strips(plane).fill(plane)
    np.testing.assert_array_equal(plane, copy)


def test_blank_turns_what_a_net_wrote_into_exact_zeros():
    plane = plane_with(rows=(2,), columns=(0, 16))
    restored = np.full(plane.shape, 0.25, np.float32)
    assert (find_strips(plane).blank(restored) == 0).sum() == (plane == 0).sum()


def test_empty_planes_of_a_volume_are_filled_from_their_neighbours():
    volume = np.stack([plane_with(columns=(0,)) + (100 * z) * 0 for z in range(6)])
    volume = (volume > 0) * (np.arange(6, dtype=np.uint16) + 1)[:, None, None]
    volume[[0, 3]] = 0
    filled = fill_volume(volume, [find_strips(plane) for plane in volume])
    assert filled[:, 5, 5].tolist() == [2, 2, 3, 3, 5, 6]
    assert (filled > 0).all()


def test_a_volume_of_empty_planes_stays_zero():
    volume = np.zeros((3, 4, 5), np.float32)
    assert not fill_volume(volume, [find_strips(plane) for plane in volume]).any()


def sparse(mean, shape, seed=0):
    return default_rng(seed).poisson(mean, shape).astype(np.uint16)


@pytest.mark.parametrize(("mean", "width"), [(0.004, 300), (0.02, 128), (0.0004, 2000)])
def test_rows_and_columns_that_are_empty_by_chance_are_no_strips(mean, width):
    for seed in range(5):
        plane = sparse(mean, (400, width), seed)
        assert (~plane.any(axis=1)).sum() > 10
        assert not find_strips(plane).any


def test_data_clipped_at_zero_have_no_strips_by_chance():
    plane = np.clip(default_rng(0).normal(-30, 15, (300, 90)), 0, None).astype(np.uint16)
    assert (~plane.any(axis=1)).any()
    assert not find_strips(plane).any


@pytest.mark.parametrize("mean", [0.02, 0.3, 40])
@pytest.mark.parametrize("rows", [slice(0, 30), slice(-30, None), slice(100, 130)])
def test_a_margin_or_block_too_wide_for_chance_is_a_strip(mean, rows):
    plane = sparse(mean, (200, 150), seed=3)
    wanted = np.zeros(len(plane), bool)
    wanted[rows] = True
    plane[wanted] = 0
    strips = find_strips(plane)
    assert strips.rows[wanted].all()
    assert (
        strips.rows.sum() <= 32 and not strips.columns.any()
    )  # an empty row beside it may join it


def test_a_single_row_is_a_strip_where_zeros_are_rare():
    plane = sparse(3, (60, 200))
    plane[17] = 0
    plane[:, 90] = 0
    strips = find_strips(plane)
    assert np.flatnonzero(strips.rows).tolist() == [17]
    assert np.flatnonzero(strips.columns).tolist() == [90]
