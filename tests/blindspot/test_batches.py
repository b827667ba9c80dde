"""What a net sees of patches whose pixels are hidden with a struct mask."""

import numpy as np
import pytest

from n2v_tools.blindspot.batches import hide_pixels
from n2v_tools.blindspot.replace import REPLACEMENTS, USE_NEIGHBOURS, replacement_values
from n2v_tools.errors import SettingsError
from n2v_tools.prepare.struct_mask import StructMask, to_struct_mask

ROW = to_struct_mask([[0, 1, 1, 1, 0]], 2)
CROSS = to_struct_mask([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]] * 3, 3)
CASES = pytest.mark.parametrize(
    "shape, mask", [((16, 24), ROW), ((8, 8, 16), CROSS)], ids=["row in YX", "cross in ZYX"]
)


def numbered(shape):
    """Patches of which every pixel has a value of its own."""
    values = np.random.default_rng(0).permutation(np.prod((2, *shape, 1))).astype(np.float32)
    return values.reshape(2, *shape, 1)


def hidden_by_hand(spots, mask):
    """Which pixels a mask hides around spots (bool, N, *S): offset by offset."""
    around = np.zeros_like(spots)
    for offset in np.argwhere(mask.pixels) - np.array(mask.pixels.shape) // 2:
        for n, *spot in np.argwhere(spots):
            place = np.array(spot) + offset
            if (place >= 0).all() and (place < spots.shape[1:]).all():
                around[(n, *place)] = True
    return around


@CASES
@pytest.mark.parametrize("name", sorted(set(REPLACEMENTS) - {"identity", "normal_additive"}))
def test_a_struct_mask_hides_its_neighbours_and_only_spots_are_predicted(name, shape, mask):
    patches = numbered(shape)
    shown, target = hide_pixels(patches, 2.0, name, 3, [0, 1], mask)
    shown, (noisy, spots) = shown.numpy()[..., 0], np.split(target.numpy()[..., :], 2, axis=-1)
    spots = spots[..., 0] > 0
    around = hidden_by_hand(spots, mask)
    np.testing.assert_array_equal(noisy, patches)
    np.testing.assert_array_equal(shown[~around], patches[..., 0][~around])
    assert (shown[around] != patches[..., 0][around]).mean() > 0.9
    beside = around & ~spots
    for patch, seen, there in zip(patches[..., 0], shown, beside, strict=True):
        assert np.isin(seen[there], patch).all()
    assert 100 * spots.mean() == pytest.approx(2, rel=0.3)


@CASES
@pytest.mark.parametrize("name", USE_NEIGHBOURS)
def test_what_stands_in_never_depends_on_what_is_hidden_beside_the_spot(name, shape, mask):
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    spots = np.array([[0] * len(shape), [n // 2 for n in shape], [n - 1 for n in shape]])

    def values(image):
        return replacement_values(name, image[None], spots[None].astype("i4"), 2, [0, 5], mask)

    before = values(image).numpy()[0]
    for number, spot in enumerate(spots):
        other = image.copy()
        for offset in [*mask.offsets, np.zeros(len(shape), int)]:
            place = spot + offset
            if (place >= 0).all() and (place < shape).all():
                other[tuple(place)] += 1000
        assert values(other).numpy()[0, number] == before[number]


def test_a_mask_that_hides_all_of_the_window_is_refused_with_the_radius_to_take():
    with pytest.raises(SettingsError, match="Take 3"):
        hide_pixels(
            numbered((16, 16)), 2.0, "median", 2, [0, 1], StructMask.of_kind("square", 5, 5)
        )
