import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.blindspot.positions import box_edges, stratified_positions
from n2v_tools.errors import SettingsError

SHAPES = pytest.mark.parametrize("shape", [(64, 64), (16, 64, 64)], ids=["YX", "ZYX"])


def positions_in(shape, percent, n_images=50, seed=(0, 0)):
    positions, used = stratified_positions(n_images, shape, percent, list(seed))
    return positions.numpy(), used.numpy()


@SHAPES
@pytest.mark.parametrize("percent", [0.198, 1.5, 6, 12])
def test_share_of_blind_spots_is_the_share_asked_for(shape, percent):
    _, used = positions_in(shape, percent)
    share = 100 * used.sum(axis=1).mean() / np.prod(shape)
    assert share == pytest.approx(percent, rel=0.1)


@SHAPES
def test_blind_spots_lie_in_the_patch_and_never_twice_at_one_place(shape):
    positions, used = positions_in(shape, 6)
    for spots, kept in zip(positions, used, strict=True):
        kept_spots = spots[kept]
        assert (kept_spots >= 0).all() and (kept_spots < shape).all()
        assert len(np.unique(kept_spots, axis=0)) == len(kept_spots)


def test_every_pixel_is_equally_likely_to_be_hidden():
    shape, percent, n_images = (10, 14), 7, 40000
    positions, used = positions_in(shape, percent, n_images)
    spots = positions[used]
    counts = np.zeros(shape)
    np.add.at(counts, tuple(spots.T), 1)
    expected = n_images * percent / 100
    assert abs(counts / expected - 1).max() < 6 / np.sqrt(expected)


def test_equal_seeds_give_equal_positions_and_other_seeds_others():
    first, _ = positions_in((64, 64), 2, seed=(3, 4))
    again, _ = positions_in((64, 64), 2, seed=(3, 4))
    other, _ = positions_in((64, 64), 2, seed=(3, 5))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_share_that_leaves_no_blind_spot_is_refused_with_the_least_that_works():
    with pytest.raises(SettingsError, match=r"0\.39"):
        box_edges((16, 16), 0.1)


def test_boxes_of_a_thin_patch_are_no_longer_than_the_patch():
    edges = box_edges((4, 64, 64), 0.2)
    assert edges[0] <= 4
    assert keras_backend.load() is not None
