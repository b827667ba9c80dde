"""Ranges hold all places of a patch between strips, and a split shares no pixel."""

import dataclasses

import numpy as np
import pytest

from n2v_tools.prepare.ranges import find_ranges, find_room, split
from n2v_tools.prepare.strips import Strips


def some_strips(rng, n_planes, shape):
    return [Strips(*(rng.random(size) < 0.08 for size in shape)) for _ in range(n_planes)]


def covered(ranges, patch_px, shape):
    """Pixels of all patches, and how many patches there are."""
    depth, height, width = patch_px
    mask, n_places = np.zeros(shape, bool), 0
    for z, y0, y1, x0, x1 in ranges:
        n_places += (y1 - y0) * (x1 - x0)
        mask[z : z + depth, y0 : y1 + height - 1, x0 : x1 + width - 1] = True
    return mask, n_places


@pytest.mark.parametrize("patch_px", [(1, 4, 5), (3, 4, 4)])
@pytest.mark.parametrize("cuts", [(), (4,)])
def test_ranges_are_all_places_without_strip_and_cut(patch_px, cuts):
    shape = (8, 20, 30)
    strips = some_strips(np.random.default_rng(1), shape[0], shape[1:])
    blank = np.stack([s.rows[:, None] | s.columns for s in strips])
    depth, height, width = patch_px
    expected = sum(
        not blank[z : z + depth, y : y + height, x : x + width].any()
        and not any(z < cut < z + depth for cut in cuts)
        for z in range(shape[0] - depth + 1)
        for y in range(shape[1] - height + 1)
        for x in range(shape[2] - width + 1)
    )
    mask, n_places = covered(find_ranges(strips, patch_px, cuts), patch_px, shape)
    assert n_places == expected > 0
    assert not (mask & blank).any()


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_no_pixel_is_in_both_parts_of_a_split(share):
    patch_px, shape = (2, 6, 6), (6, 50, 60)
    strips = [Strips.none(shape[1:])] * shape[0]
    units = [find_ranges(strips, patch_px) for _ in range(2)]
    parts = split(units, patch_px, share, np.random.default_rng(0))
    masks = [[covered(one, patch_px, shape)[0] for one in part] for part in parts]
    n_shared = sum((a & b).sum() for a, b in zip(*masks, strict=True))
    n_set_aside = sum(mask.sum() for mask in masks[1])
    assert n_shared == 0
    assert 0.5 * share < n_set_aside / (2 * np.prod(shape)) < 1.6 * share


def test_what_is_too_small_is_not_split():
    units = [find_ranges([Strips.none((9, 9))], (1, 8, 8))]
    assert split(units, (1, 8, 8), 0.1, np.random.default_rng(0)) is None


def test_the_room_is_a_box_that_a_patch_of_its_size_fits():
    strips = some_strips(np.random.default_rng(2), 5, (40, 50))
    room = find_room(strips, (3, 8, 8))
    assert room[0] == 5
    assert len(find_ranges(strips, (3, *room[1:])))


def test_patches_lie_beside_holes_but_over_those_that_leave_no_room():
    shape, patch_px = (5, 40, 50), (2, 8, 8)
    none = Strips.none(shape[1:])
    hole = dataclasses.replace(none, holes=((3, 6, 10, 30),))
    strips = [none, hole, hole, none, none]
    mask, n_places = covered(find_ranges(strips, patch_px), patch_px, shape)
    assert not mask[1:3, 3:6, 10:30].any()
    blank = np.zeros(shape, bool)
    blank[1:3, 3:6, 10:30] = True
    assert n_places == sum(
        not blank[z : z + 2, y : y + 8, x : x + 8].any()
        for z in range(4)
        for y in range(33)
        for x in range(43)
    )
    wide = dataclasses.replace(none, holes=((2, 38, 2, 48),))
    assert len(find_ranges([wide], (1, 8, 8)))
    assert find_room([wide], (1, 8, 8)) == (1, 40, 50)
