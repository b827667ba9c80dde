"""N2V with a struct mask: how much is hidden, by what it is replaced, and what is left to see."""

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.n2v.method import N2V, N2V2, N2VSettings

MASKS = ("horizontal:5", "vertical:9", "cross:5x7", "square:5", "[[0,1,1,1,0]]")


def patches(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("method", [N2V, N2V2])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("patch", [(32, 32), (8, 32, 32)])
def test_no_more_than_a_fifth_of_a_patch_is_hidden_and_the_spot_is_never_shown(method, mask, patch):
    chosen = method(N2VSettings(patch_px=patch, struct_mask=mask, unet_n_depth=2))
    noisy = patches(6, *patch, 1)
    shown, target = chosen.make_sample(noisy, np.array([1, 2]))
    hidden = np.asarray(shown) != noisy
    spots = np.asarray(target)[..., 1:] > 0
    assert 0.02 < hidden.mean() < 0.21
    assert hidden[spots].all()
    np.testing.assert_array_equal(np.asarray(target)[..., :1], noisy)


@pytest.mark.parametrize("mask", MASKS)
def test_nothing_of_what_is_hidden_reaches_the_spot(mask):
    """Whatever the hidden pixels hold, the value that stands in for the spot is the same."""
    method = N2V(N2VSettings(patch_px=(32, 32), struct_mask=mask, masked_percent=0.2))
    noisy = patches(1, 32, 32, 1)
    shown, target = (np.asarray(one) for one in method.make_sample(noisy, np.array([5, 6])))
    spots = np.argwhere(target[0, ..., 1] > 0)
    made = method.settings.mask.pixels
    changed = noisy.copy()
    for y, x in spots:
        for dy, dx in np.argwhere(made) - np.array(made.shape) // 2:
            if 0 <= y + dy < 32 and 0 <= x + dx < 32:
                changed[0, y + dy, x + dx] += 100
    again = np.asarray(method.make_sample(changed, np.array([5, 6]))[0])
    alone = [
        (y, x)
        for y, x in spots
        if all(max(abs(y - v), abs(x - u)) > 12 for v, u in spots if (v, u) != (y, x))
    ]
    assert alone
    for y, x in alone:
        assert again[0, y, x] == shown[0, y, x]


def test_visible_pixels_do_not_teach_where_noise_is_correlated():
    method = N2V(N2VSettings(struct_mask="horizontal:5"))
    fitted, notes = method.fitted(100 + 10 * patches(40, 64, 64, 1), [100.0], [10.0])
    assert (fitted.noise, notes) == ((), [])


def test_a_mask_as_wide_as_the_patch_is_refused():
    with pytest.raises(SettingsError, match="larger --patch"):
        N2VSettings(patch_px=(16, 16), struct_mask="horizontal:17")


def test_the_window_grows_until_it_holds_something_visible():
    assert N2VSettings(struct_mask="square:5").radius == 3
    assert N2VSettings(struct_mask="cross:5").radius == 2
    assert N2VSettings().radius == 2
