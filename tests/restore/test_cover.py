"""Tiles: they cover a field once, and in tiles equals in one piece."""

import itertools

import numpy as np
import pytest
from numpy.random import default_rng
from restore_fakes import box_mean

from n2v_tools.errors import SettingsError
from n2v_tools.restore.cover import cover, padded_indices, padding, plan_tiles


@pytest.mark.parametrize("block", [1, 2, 4, 8])
@pytest.mark.parametrize("halo_blocks", [0, 1, 3])
def test_every_pixel_of_an_axis_is_written_once_from_tiles_of_one_size(block, halo_blocks):
    halo = halo_blocks * block
    for size in range(1, 90):
        padded = size + sum(padding(size, block))
        for edge in range(2 * halo + block, 2 * halo + 6 * block, block):
            windows = cover((size,), (edge,), (halo,), (block,))
            written = np.zeros(size, int)
            for window in windows:
                read, keep, write = window.read[0], window.keep[0], window.write[0]
                written[write] += 1
                assert read.stop - read.start == min(edge, padded)
                assert read.start % block == 0
                assert 0 <= read.start and read.stop <= padded
                assert write.stop - write.start == keep.stop - keep.start > 0
                assert read.start + keep.start == write.start + padding(size, block)[0]
                assert read.start == 0 or keep.start >= halo
                assert read.stop == padded or read.stop - read.start - keep.stop >= halo
            assert (written == 1).all()


def test_padding_is_the_one_of_csbdeep():
    prepare = pytest.importorskip("csbdeep.data.prepare")
    for size, block in itertools.product(range(1, 40), (1, 2, 4, 8, 16)):
        theirs = prepare.PadAndCropResizer().before(np.arange(size), "X", [block])
        np.testing.assert_array_equal(padded_indices(size, block), theirs)


def in_tiles(field, edge, halo, block, restore):
    padded = field[np.ix_(*(padded_indices(size, block) for size in field.shape))]
    restored = np.full(field.shape, np.nan)
    d = field.ndim
    for window in cover(field.shape, (edge,) * d, (halo,) * d, (block,) * d):
        restored[window.write] = restore(padded[window.read])[window.keep]
    return restored


SHAPES = [(70, 101), (33, 64), (65, 129), (7, 5), (18, 35, 40)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tiles_with_a_full_halo_cannot_be_told_from_the_whole_field(shape):
    field = default_rng(0).normal(size=shape)
    whole = in_tiles(field, 1024, 4, 4, box_mean(4))
    tiled = in_tiles(field, 16, 4, 4, box_mean(4))
    np.testing.assert_allclose(tiled, whole, atol=1e-12)


def test_a_halo_one_block_short_shows_at_the_seams():
    field = default_rng(0).normal(size=(70, 101))
    whole = in_tiles(field, 1024, 8, 4, box_mean(8))
    tiled = in_tiles(field, 24, 4, 4, box_mean(8))
    assert not np.allclose(tiled, whole, atol=1e-3)


def test_a_plane_that_fits_is_one_tile():
    plan = plan_tiles((300, 200), (23, 23), (4, 4), bytes_per_px=800)
    assert len(plan.windows()) == 1


def test_small_planes_are_gathered_into_one_call():
    plan = plan_tiles((30, 40), (23, 23), (4, 4), bytes_per_px=800)
    assert plan.batch > 10
    assert plan_tiles((1024, 1024), (23, 23), (4, 4), bytes_per_px=800).batch == 1


@pytest.mark.parametrize("memory", [200, 400, 1000])
@pytest.mark.parametrize("sizes", [(1024, 1024), (2048, 333), (100, 1304, 512)], ids=str)
def test_a_plan_stays_within_the_memory_it_was_given(sizes, memory):
    plan = plan_tiles(sizes, (9,) * len(sizes), (4,) * len(sizes), 800, memory * 10**6)
    assert plan.memory_bytes <= memory * 10**6
    assert all(edge % 4 == 0 for edge in plan.edges)


def test_more_memory_never_means_more_work():
    def work(memory):
        plan = plan_tiles((200, 512, 512), (22,) * 3, (4,) * 3, 800, memory)
        return len(plan.windows()) * np.prod(plan.edges)

    costs = [work(memory * 10**6) for memory in (400, 800, 1600, 3200)]
    assert costs == sorted(costs, reverse=True)


def test_memory_for_less_than_one_tile_is_refused_with_what_is_needed():
    with pytest.raises(SettingsError, match=r"--memory 50MB.*Pass --memory \d"):
        plan_tiles((512, 512, 512), (22,) * 3, (4,) * 3, 800, 50 * 10**6)


def test_without_a_bound_a_large_net_gets_its_smallest_tile():
    plan = plan_tiles((999, 999, 999), (120,) * 3, (16,) * 3, 800)
    assert plan.edges == (272, 272, 272)
