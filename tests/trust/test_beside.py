"""A noisy and a restored stack side by side."""

import numpy as np
import pytest
from blobs import scene
from numpy.random import default_rng

from n2v_tools.errors import StackError
from n2v_tools.stack import Stack
from n2v_tools.trust.beside import cover
from n2v_tools.trust.quality import judge_restored


def test_files_of_different_sizes_are_refused():
    noisy, restored = scene((2, 64, 64))
    with pytest.raises(StackError, match="axes ZYX of sizes 1 x 64 x 64"):
        judge_restored(Stack(noisy, "ZYX"), Stack(restored[:1], "ZYX"))


def test_strips_and_broken_pixels_do_no_harm():
    noisy, restored = scene((3, 128, 128))
    for stack in (noisy, restored):
        stack[:, :, :20] = 0
        stack[1] = 0
    restored[2, 5, 50] = np.nan
    found = judge_restored(Stack(noisy, "ZYX"), Stack(restored, "ZYX"))
    assert found.overall.name == "good"


@pytest.mark.parametrize("value", [0.0, 3.5, np.nan])
def test_what_shows_nothing_is_no_restored_image(value):
    noisy, restored = scene((2, 96, 80))
    with pytest.raises(StackError, match=r"^restored\.tif: every pixel is .*Restore it anew"):
        judge_restored(
            Stack(noisy, "ZYX"), Stack(np.full_like(restored, value), "ZYX", name="restored.tif")
        )


def test_a_plane_that_lost_its_numbers_is_named():
    noisy, restored = scene((3, 96, 80))
    restored[1, 10:40] = np.inf
    with pytest.raises(StackError, match=r"2400 pixels of the plane at Z 1 are NaN or infinite"):
        judge_restored(Stack(noisy, "ZYX"), Stack(restored, "ZYX"))


def test_covering_takes_neighbours_alike_in_all_planes():
    spots = np.array([[5, 5], [0, 19]])
    source = cover(spots, (40, 30), reach_px=1)
    one, other = default_rng(0).random((2, 40, 30))
    covered = one[source]
    changed = np.argwhere(covered != one)
    assert len(changed) == 9 + 6
    assert np.abs(changed[:, None] - spots).max(axis=2).min(axis=1).max() == 1
    np.testing.assert_array_equal(np.isin(covered, one), True)
    pairs = dict(zip(one.ravel(), other.ravel(), strict=True))
    assert [pairs[value] for value in covered.ravel()] == other[source].ravel().tolist()
