"""Planes on their way: what is filled for the net is put back, and depth fills empty planes.

Whole stacks with strips, NaN and empty planes are in ``tests/restore/test_restore_stack.py``.
"""

import numpy as np
import pytest
from faulty import cells
from numpy.random import default_rng

from n2v_tools.errors import StackError
from n2v_tools.restore.planes import held_dtype, read_depth, read_plane, require_finite
from n2v_tools.stack import Stack


def stack_of(dtype=np.uint16, shape=(4, 2, 9, 11)):
    return Stack(default_rng(0).integers(1, 200, shape).astype(dtype), "ZCYX", name="a.tif")


def both(z):
    return [{"Z": z, "C": 0}, {"Z": z, "C": 1}]


def put_back(plane, restored):
    return {place["C"]: values for place, values in plane.put_back(restored)}


@pytest.mark.parametrize(
    ("dtype", "held"),
    [
        ("uint8", "uint8"), (">u2", "uint16"), ("int16", "int16"), ("bool", "bool"),
        ("uint32", "float32"), ("int64", "float32"), ("float16", "float32"), (">f8", "float32"),
    ],
)  # fmt: skip
def test_a_plane_waits_in_the_smaller_type_and_the_machines_byte_order(dtype, held):
    assert held_dtype(np.dtype(dtype)) == np.dtype(held)
    assert held_dtype(np.dtype(dtype)).isnative


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_what_needs_no_filling_comes_as_it_is_and_goes_back_as_restored(dtype):
    stack = stack_of(dtype)
    plane = read_plane(stack, both(2), keep_strips=False)
    np.testing.assert_array_equal(np.moveaxis(plane.values, -1, 0), stack.array[2])
    restored = default_rng(1).normal(size=(9, 11, 2)).astype(np.float32)
    for c, values in put_back(plane, restored.copy()).items():
        np.testing.assert_array_equal(values, restored[..., c])


def test_strips_and_nan_are_filled_from_real_pixels_and_put_back_in_their_channel():
    stack = stack_of(np.float32)
    stack.array[1, 0, :2] = 0
    stack.array[1, 1, 4, 5] = np.nan
    plane = read_plane(stack, both(1), keep_strips=False)
    assert np.isfinite(plane.values).all() and (plane.values > 0).all()
    found = put_back(plane, np.full((9, 11, 2), 7, np.float32))
    assert (found[0][:2] == 0).all() and (found[0][2:] == 7).all()
    assert np.isnan(found[1][4, 5]) and (np.delete(found[1], 4 * 11 + 5) == 7).all()


@pytest.mark.parametrize("value", [3.5e38, -1e39, 1e300])
def test_a_finite_pixel_is_never_taken_for_one_that_is_not(value, recwarn):
    """Beyond float32 it would be infinite to the net, and NaN in the output."""
    stack = stack_of(np.float64)
    stack.array[1, 1, 4, 5] = np.nan  # which alone would be filled
    assert read_plane(stack, both(1), keep_strips=False).kept[1].mask[4, 5]
    stack.array[1, 0, 2, 3] = value
    with pytest.raises(StackError, match=rf"^a\.tif: .*up to {abs(value):.3g}".replace("+", ".")):
        read_plane(stack, both(1), keep_strips=False)
    assert not list(recwarn)


@pytest.mark.parametrize("value", [3.4e38, -3.4e38, 1e-300])
def test_what_float32_holds_is_read_as_it_is(value):
    stack = stack_of(np.float64)
    stack.array[1, 0, 2, 3] = value
    plane = read_plane(stack, both(1), keep_strips=True)
    (_, first), _ = plane.put_back(plane.values.astype(np.float32))
    assert first[2, 3] == np.float32(value) and plane.kept[1] is None


def test_kept_strips_are_data():
    stack = stack_of()
    stack.array[1, 0, :2] = 0
    plane = read_plane(stack, both(1), keep_strips=True)
    assert (plane.values[:2, :, 0] == 0).all()
    assert (put_back(plane, np.full((9, 11, 2), 7, np.float32))[0] == 7).all()


def test_a_plane_is_empty_only_if_all_channels_are():
    stack = stack_of()
    stack.array[1, 0] = 0
    assert read_plane(stack, both(1), keep_strips=False).values is not None
    stack.array[1, 1] = 0
    plane = read_plane(stack, both(1), keep_strips=False)
    assert plane.values is None
    assert not any(values.any() for values in put_back(plane, None).values())


def test_a_plane_without_any_real_pixel_but_nan_goes_back_as_nan():
    stack = stack_of(np.float32)
    stack.array[1] = np.nan
    plane = read_plane(stack, both(1), keep_strips=False)
    back = put_back(plane, None if plane.values is None else np.ones((9, 11, 2), np.float32))
    assert np.isnan(back[0]).all() and np.isnan(back[1]).all()


@pytest.mark.parametrize("empty", [[1], [0], [3], [0, 1], [1, 2, 3]])
def test_an_empty_plane_of_a_volume_is_one_of_its_others(empty):
    stack = stack_of()
    stack.array[empty, 0] = 0
    planes = list(read_depth(stack, [both(z) for z in range(4)], keep_strips=False))
    real = [stack.array[z, 0] for z in range(4) if z not in empty]
    for z, plane in enumerate(planes):
        np.testing.assert_array_equal(plane.values[..., 1], stack.array[z, 1])
        if z in empty:
            assert any((plane.values[..., 0] == one).all() for one in real)
            assert not put_back(plane, np.ones((9, 11, 2), np.float32))[0].any()
        else:
            np.testing.assert_array_equal(plane.values[..., 0], stack.array[z, 0])


def test_an_empty_volume_has_no_values():
    stack = Stack(np.zeros((4, 2, 9, 11), np.uint16), "ZCYX")
    planes = read_depth(stack, [both(z) for z in range(4)], keep_strips=False)
    assert [plane.values is None for plane in planes] == [True] * 4


def test_what_is_not_finite_is_counted_and_the_first_is_named():
    stack = stack_of(np.float32)
    require_finite(stack)
    stack.array[2, 1, 3, 4] = stack.array[3, 0, 0, 0] = -np.inf
    with pytest.raises(StackError, match=r"a\.tif: 2 pixels.*Z 2, C 1, Y 3, X 4.*--nan fill"):
        require_finite(stack)


def test_integers_are_not_read_to_learn_that_they_are_finite():
    class Unreadable:
        shape, dtype = (4, 9, 11), np.dtype(np.uint16)

        def __getitem__(self, key):
            raise AssertionError("read")

    require_finite(Stack(Unreadable(), "ZYX"))


def spoilt_stack(dtype=np.float32):
    pixels = cells((80, 90), dtype)
    pixels[30, 40] = 20000  # hot
    pixels[5:12, 10:60] = 30000  # a bar
    pixels[:, :15] = 77  # a border
    return Stack(pixels, "YX", name="a.tif")


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_what_is_no_data_is_not_shown_and_comes_out_as_it_went_in(dtype):
    stack = spoilt_stack(dtype)
    plane = read_plane(stack, [{}], keep_strips=False)
    assert plane.values.max() < 2000 and plane.values[:, :15].std() > 5
    restored = np.full((80, 90, 1), 7, np.float32)
    ((_, kept),) = plane.put_back(restored.copy())
    where = [(30, 40), (8, 30), (50, 3)]
    assert [kept[at] for at in where] == [20000, 30000, 77]
    assert (kept == 7).sum() == 80 * 75 - 1 - 7 * 45
    ((_, filled),) = plane.put_back(restored.copy(), "fill")
    assert [filled[at] for at in where] == [7, 30000, 77]


def test_images_beside_the_restored_one_are_zero_there():
    plane = read_plane(spoilt_stack(), [{}], keep_strips=False)
    ((_, beside),) = plane.put_back(np.full((80, 90, 1), 7, np.float32), values=False)
    assert beside[30, 40] == beside[8, 30] == beside[50, 3] == 0
    assert beside[60, 60] == 7


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_plane_whose_mean_is_kept_gives_it_to_what_was_restored(dtype):
    pixels = default_rng(1).integers(300, 900, (2, 31, 40)).astype(dtype)
    stack = Stack(pixels, "CYX")
    plane = read_plane(stack, [{"C": 0}, {"C": 1}], keep_strips=False)
    restored = np.moveaxis(0.2 * pixels, 0, -1).astype(np.float32)
    assert plane.as_bright(restored) is restored
    bright = plane.with_mean().as_bright(restored)
    np.testing.assert_allclose(bright.mean(axis=(0, 1)), pixels.mean(axis=(1, 2)), rtol=1e-5)
    apart = bright - restored
    np.testing.assert_allclose(apart, np.broadcast_to(apart[:1, :1], apart.shape), atol=1e-3)


def test_an_empty_plane_has_no_mean_to_keep():
    empty = read_plane(Stack(np.zeros((9, 9), np.uint16), "YX"), [{}], keep_strips=False)
    assert empty.with_mean() is empty
