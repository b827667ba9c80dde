import itertools

import numpy as np
import pytest

from n2v_tools.blindspot.batches import hide_pixels
from n2v_tools.blindspot.replace import REPLACEMENTS, replacement_values

SHAPES = pytest.mark.parametrize("shape", [(12, 16), (6, 8, 12)], ids=["YX", "ZYX"])
WITHOUT_OWN_VALUE = ["uniform_withoutCP", "normal_withoutCP", "normal_fitted", "mean", "median"]


def all_positions(shape):
    return np.stack(np.indices(shape), -1).reshape(1, -1, len(shape)).astype(np.int32)


def values_at_every_pixel(name, image, radius, seed=(1, 2)):
    positions = all_positions(image.shape)
    values = replacement_values(name, image[None], positions, radius, list(seed))
    return values.numpy().reshape(image.shape)


def window_of(image, spot, radius):
    return tuple(slice(max(c - radius, 0), c + radius + 1) for c in spot)


@SHAPES
@pytest.mark.parametrize("name", WITHOUT_OWN_VALUE)
def test_what_stands_in_for_a_hidden_value_never_depends_on_it(name, shape):
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    values = values_at_every_pixel(name, image, radius=2)
    spots = list(itertools.product(*[(0, 1, n // 2, n - 1) for n in shape]))
    for spot in spots:
        other = image.copy()
        other[spot] += 1000
        assert values_at_every_pixel(name, other, radius=2)[spot] == values[spot]


@SHAPES
@pytest.mark.parametrize("name", ["uniform_withCP", "uniform_withoutCP"])
def test_uniform_replacements_reach_every_pixel_of_the_window_alike(name, shape):
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    spot = (0, *shape[1:-1], shape[-1] // 2)[: len(shape)]
    spot = tuple(min(c, n - 1) for c, n in zip(spot, shape, strict=True))
    repeats = 20000
    positions = np.tile(np.array(spot, np.int32), (1, repeats, 1))
    values = replacement_values(name, image[None], positions, 1, [0, 7]).numpy().ravel()
    allowed = set(image[window_of(image, spot, 1)].ravel().tolist())
    if name == "uniform_withoutCP":
        allowed.discard(float(image[spot]))
    seen, counts = np.unique(values, return_counts=True)
    assert set(seen.tolist()) == allowed
    assert counts == pytest.approx(repeats / len(allowed), rel=0.15)


@SHAPES
@pytest.mark.parametrize("name, function", [("mean", np.mean), ("median", np.median)])
def test_mean_and_median_are_those_of_the_window_without_its_centre(name, function, shape):
    image = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    values = values_at_every_pixel(name, image, radius=2)
    for spot in np.ndindex(shape):
        others = image.copy()
        others[spot] = np.nan
        window = others[window_of(image, spot, 2)]
        expected = function(window[~np.isnan(window)])
        assert values[spot] == pytest.approx(expected, abs=1e-5)


def test_fitted_normal_has_the_windows_mean_and_deviation():
    image = np.random.default_rng(5).normal(3, 2, size=(9, 9)).astype(np.float32)
    positions = np.full((1, 40000, 2), 4, np.int32)
    values = replacement_values("normal_fitted", image[None], positions, 4, [0, 1]).numpy()
    window = np.delete(image.ravel(), 40)
    assert values.mean() == pytest.approx(window.mean(), abs=0.05)
    assert values.std() == pytest.approx(window.std(), rel=0.02)


def test_additive_normal_adds_noise_of_the_radius():
    image = np.full((64, 64), 5, np.float32)
    values = values_at_every_pixel("normal_additive", image, radius=0.5)
    assert values.mean() == pytest.approx(5, abs=0.05)
    assert values.std() == pytest.approx(0.5, rel=0.05)


def test_identity_changes_nothing():
    image = np.random.default_rng(6).normal(size=(8, 8)).astype(np.float32)
    np.testing.assert_array_equal(values_at_every_pixel("identity", image, radius=2), image)


@pytest.mark.parametrize("name", sorted(set(REPLACEMENTS) - {"identity"}))
@pytest.mark.parametrize("shape", [(16, 24), (4, 8, 16)], ids=["YX", "ZYX"])
def test_only_hidden_pixels_change_and_the_target_keeps_the_noisy_values(name, shape):
    patches = np.random.default_rng(0).normal(size=(5, *shape, 2)).astype(np.float32)
    shown, target = hide_pixels(patches, 5.0, name, 2, [0, 1])
    noisy, mask = np.split(target.numpy(), 2, axis=-1)
    np.testing.assert_array_equal(noisy, patches)
    assert set(np.unique(mask)) == {0, 1}
    np.testing.assert_array_equal(shown.numpy()[mask == 0], patches[mask == 0])
    assert (shown.numpy()[mask == 1] != patches[mask == 1]).mean() > 0.9


def test_each_channel_hides_its_own_pixels():
    patches = np.zeros((3, 32, 32, 2), np.float32)
    _, target = hide_pixels(patches, 3.0, "mean", 2, [0, 0])
    mask = target.numpy()[..., 2:]
    assert (mask[..., 0] != mask[..., 1]).any()


def test_hidden_pixels_take_the_value_computed_for_their_own_place():
    rows, columns = np.indices((32, 32))
    patches = (1000 * rows + columns).astype(np.float32)[None, ..., None]
    shown, target = hide_pixels(patches, 6.0, "mean", 1, [2, 3])
    mask = target.numpy()[0, ..., 1] > 0
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = True
    # On a plane ramp the mean of the neighbours is the value itself, at that place only.
    np.testing.assert_allclose(
        shown.numpy()[0, ..., 0][mask & inner], patches[0, ..., 0][mask & inner]
    )


@pytest.mark.parametrize("name", sorted(REPLACEMENTS))
def test_spots_far_outside_the_patch_do_no_harm(name):
    """Boxes overhang the patch: 64 px in boxes of 14."""
    patches = np.random.default_rng(0).normal(size=(4, 64, 64, 1)).astype(np.float32)
    shown, _ = hide_pixels(patches, 0.5, name, 2, [0, 1])
    assert np.isfinite(shown.numpy()).all()
