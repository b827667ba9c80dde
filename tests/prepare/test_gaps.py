"""All that is no data is found, nothing else is, and a clean plane is not touched."""

import time

import numpy as np
import pytest
from faulty import cells, clean_images
from numpy.random import default_rng

from n2v_tools.prepare.gaps import clear_boxes, fill_gaps, find_data, find_gaps, without_gaps
from n2v_tools.prepare.strips import find_strips
from n2v_tools.stack import Stack


def stamped(value, dtype=np.uint16, **how):
    image = cells(dtype=dtype, **how)
    image[6:13, 9:41:4] = image[6, 9:38] = image[12, 9:38] = value  # like writing, one pixel wide
    return image, image == value


def bordered(value, dtype=np.uint16):
    inner = cells(dtype=dtype)
    image = np.full((inner.shape[0] + 31, inner.shape[1] + 44), value, dtype)
    image[20:-11, 14:-30] = inner
    mask = np.ones(image.shape, bool)
    mask[20:-11, 14:-30] = False
    return image, mask


def turned(value, dtype=np.int16):
    image = cells(dtype=dtype, low=90)
    y, x = np.indices(image.shape)
    mask = (y + 1.3 * x < 70) | (y - x > 105)
    image[mask] = value
    return image, mask


def barred(value, dtype=np.uint16):
    image = cells(dtype=dtype)
    mask = np.zeros(image.shape, bool)
    mask[130:138, 88:151] = True
    image[mask] = value
    return image, mask


REGIONS = {
    "white writing": stamped(65535),
    "white writing in floats": stamped(1e6, np.float32),
    "white writing in 8 bits": stamped(255, np.uint8, low=20, light=12),
    "writing at the top of 12 bits": stamped(4095),
    "border of the lowest value": bordered(-32768, np.int16),
    "border of an offset": bordered(101),
    "border of the background": bordered(61, np.float32),
    "white border": bordered(65535),
    "black corners": turned(0),
    "corners of the background": turned(93),
    "corners of a float": turned(-1e30, np.float32),
    "white bar": barred(65535),
    "bar as bright as a cell": barred(420),
    "bar of negative values": barred(-1, np.int32),
}
THIN = {
    "bar of 4 px": (4, 44),
    "bar of 3 px": (3, 60),
    "upright bar": (60, 3),
    "short bar": (4, 40),
}
every_region = pytest.mark.parametrize("case", REGIONS.values(), ids=REGIONS)


@every_region
def test_fills_borders_and_writing_are_found_whatever_their_value(case):
    image, mask = case
    _, gaps = find_gaps(image)
    assert not gaps.lone.any()
    missed = mask & ~gaps.regions
    assert missed.sum() <= 0.01 * mask.sum()
    assert (gaps.regions & ~mask).sum() <= 0.001 * mask.sum()  # equal by chance, right beside it


@pytest.mark.parametrize("value", [200, 420])
@pytest.mark.parametrize("size", THIN.values(), ids=THIN)
def test_thin_bars_within_the_range_of_the_data_are_found(size, value):
    for seed in range(4):
        image = cells(seed=seed)
        mask = np.zeros(image.shape, bool)
        mask[40 + seed : 40 + seed + size[0], 51 + seed : 51 + seed + size[1]] = True
        image[mask] = value
        _, gaps = find_gaps(image)
        assert not (mask & ~gaps.regions).any()
        assert (gaps.regions & ~mask).sum() <= 3  # equal by chance, right beside it


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", clean_images())
def test_clean_planes_have_no_gaps_and_the_strips_they_had(name, seed):
    plane = clean_images(seed)[name]
    strips, gaps = find_gaps(plane)
    assert gaps is None
    before = find_strips(plane)
    np.testing.assert_array_equal(strips.rows, before.rows)
    np.testing.assert_array_equal(strips.columns, before.columns)
    stack = Stack(plane[np.newaxis], "ZYX")
    assert np.shares_memory(without_gaps(stack).plane({"Z": 0}), plane)


@pytest.mark.parametrize("value", [65535, 3000])
def test_lone_pixels_and_tracks_are_found_in_one_plane(value):
    image = cells(seed=3)
    lone = np.zeros(image.shape, bool)
    lone.flat[default_rng(1).choice(image.size, 9, replace=False)] = True
    lone[0, 0] = lone[-1, 70] = True  # at the edges, too
    lone[60, 40:43] = True
    image[lone] = value
    _, gaps = find_gaps(image)
    np.testing.assert_array_equal(gaps.lone, lone)
    assert not gaps.regions.any()


def test_lone_pixels_of_large_planes_are_found_wherever_their_rows_are_parted():
    image = np.tile(cells((300, 300), seed=6), (4, 3))
    lone = np.zeros(image.shape, bool)
    lone[500::7, 30] = lone[550:560, 200] = True
    image[lone] = default_rng(0).integers(4000, 6000, lone.sum())
    _, gaps = find_gaps(image)
    np.testing.assert_array_equal(gaps.lone, lone)


def test_dead_pixels_are_found_where_the_data_are_bright():
    image = cells(low=2000)
    image[30, 40] = image[99, 5] = 0
    _, gaps = find_gaps(image)
    assert sorted(zip(*np.nonzero(gaps.lone), strict=True)) == [(30, 40), (99, 5)]


def test_salt_is_found_however_much_there_is():
    image = cells(seed=2)
    salt = default_rng(0).random(image.shape) < 0.02
    image[salt] = 65535
    _, gaps = find_gaps(image)
    np.testing.assert_array_equal(gaps.mask, salt)


def test_what_is_no_data_stands_out_of_single_photons_too():
    image = default_rng(0).poisson(0.05, (160, 160)).astype(np.uint16)
    image[50, 60] = 40000
    image[7, 100:130] = 65535
    _, gaps = find_gaps(image)
    assert gaps.lone.sum() == 1 and gaps.regions.sum() == 30


def test_rows_and_columns_that_are_gaps_or_nan_throughout_are_strips():
    image, mask = bordered(101, np.float32)
    image[-3:] = np.nan
    strips, _ = find_gaps(image)
    np.testing.assert_array_equal(strips.rows, mask.all(axis=1))
    np.testing.assert_array_equal(strips.columns, mask.all(axis=0))


@pytest.mark.parametrize("value", [-32768, 32767])
def test_a_plane_of_the_lowest_or_highest_value_holds_nothing(value):
    strips, gaps = find_gaps(np.full((30, 40), value, np.int16))
    assert strips.empty and gaps.regions.all()


def test_a_plane_of_any_other_value_is_data_and_one_of_zeros_empty_as_ever():
    strips, gaps = find_gaps(np.full((30, 40), 7, np.int16))
    assert gaps is None and not strips.any
    strips, gaps = find_gaps(np.zeros((30, 40)))
    assert gaps is None and strips.empty


def test_kept_zeros_are_data():
    image, mask = turned(0)
    assert find_gaps(image)[1].regions[mask].all()
    assert find_gaps(image, keep_strips=True)[1] is None


def test_nan_is_left_to_others_and_hides_no_gap():
    image, mask = barred(65535, np.float32)
    broken = default_rng(5).random(image.shape) < 0.1
    broken[:40] = True
    image[broken] = np.nan
    _, gaps = find_gaps(image)
    np.testing.assert_array_equal(gaps.regions, mask & ~broken)


def test_filled_pixels_are_those_beside_the_gap_mirrored():
    plane = np.arange(1, 71, dtype=np.uint16).reshape(7, 10)
    mask = np.zeros(plane.shape, bool)
    mask[:, 7:] = True
    mask[3, 3] = True
    filled = fill_gaps(plane, mask)
    np.testing.assert_array_equal(filled[:, 7:], plane[:, 4:7][:, ::-1])
    assert abs(int(filled[3, 3]) - int(plane[3, 3])) in (1, 10)  # a neighbour
    np.testing.assert_array_equal(filled[~mask], plane[~mask])


def test_what_is_filled_is_as_noisy_as_the_rest():
    noise = default_rng(0).normal(100, 5, (128, 128))
    mask = np.zeros(noise.shape, bool)
    mask[40:90, 30:70] = True
    filled = fill_gaps(noise, mask)
    assert filled[mask].std() == pytest.approx(5, rel=0.1)
    assert np.isin(filled[mask], noise[~mask]).all()


@pytest.mark.parametrize("axes", ["TYX", "YXT"])
def test_a_stack_without_gaps_is_filled_as_it_is_read(axes):
    hot = cells(seed=4)
    hot[20, 30] = 65535
    pixels = np.stack([cells(seed=5), hot])
    lying = pixels if axes == "TYX" else np.moveaxis(pixels, 0, -1)
    filled = without_gaps(Stack(lying, axes))
    assert filled.plane({"T": 1})[20, 30] < 2000
    np.testing.assert_array_equal(filled.plane({"T": 0}), pixels[0])
    whole = np.asarray(filled) if axes == "TYX" else np.moveaxis(np.asarray(filled), -1, 0)
    assert (whole != pixels).sum() == 1
    part = filled.array[1, 18:25, :40] if axes == "TYX" else filled.array[18:25, :40, 1]
    np.testing.assert_array_equal(part, whole[1, 18:25, :40])


def test_the_look_at_a_clean_plane_costs_milliseconds():
    plane = cells((512, 512))
    find_gaps(plane)
    best = min(_seconds(find_gaps, plane) for _ in range(5))
    assert best < 0.05  # 1 to 2 ms; a net takes 30


def _seconds(function, *args):
    start = time.process_time()
    function(*args)
    return time.process_time() - start


@every_region
def test_the_largest_box_without_regions_is_found(case):
    image, mask = case
    strips, gaps = find_gaps(image)
    ((y0, y1, x0, x1),) = clear_boxes(strips, gaps)
    assert not gaps.regions[y0:y1, x0:x1].any()
    cells = [-(-size // 8) * 8 for size in mask.shape]  # by trying all boxes of a coarser grid
    missing = np.pad(mask, [(0, n - size) for n, size in zip(cells, mask.shape, strict=True)])
    missing = missing.reshape(cells[0] // 8, 8, cells[1] // 8, 8).any(axis=(1, 3))
    rows, columns = missing.shape
    best = max(
        (d - c) * (b - a)
        for a in range(rows)
        for b in range(a + 1, rows + 1)
        for c in range(columns)
        for d in range(c + 1, columns + 1)
        if not missing[a:b, c:d].any()
    )
    assert (y1 - y0) * (x1 - x0) >= 0.9 * 64 * best


def test_data_are_what_is_neither_strip_nor_gap():
    image = cells((90, 100), dtype=np.float32, seed=2)
    assert find_data(image).all()
    image[40, 50] = 60000
    image[:, :6] = 0
    image[70:78, 20:60] = 65535
    expected = image < 60000
    expected[:, :6] = False
    np.testing.assert_array_equal(find_data(image), expected)
    assert find_data(image, keep_strips=True)[:, :6].all()
    image[30, 6:], image[5, 7] = np.nan, np.inf  # whoever needs numbers names them
    np.testing.assert_array_equal(find_data(image), expected)
