"""What every filter promises, whatever it does.

What every Restorer promises is in ``tests/contract/test_every_restorer.py``.
"""

import numpy as np
import pytest
from filter_scene import SMALL, error, make, restore, scene

from n2v_tools.errors import AxesError, SettingsError, UsageError
from n2v_tools.filters import restorer
from n2v_tools.filters.table import FILTERS, filter_for, read_settings
from n2v_tools.stack import Stack

every_filter = pytest.mark.parametrize("method", FILTERS)
every_dims = pytest.mark.parametrize("shape", [(60, 64), (9, 40, 44)], ids=["2D", "3D"])


def fitted(method, counts, **values):
    return make(method, counts.shape, **{**SMALL[method], **values}).fit_intensity(
        [counts[..., np.newaxis]]
    )


def test_every_filter_is_in_the_table_of_these_tests():
    assert set(SMALL) == set(FILTERS)


@every_filter
def test_a_halo_one_pixel_short_shows_at_the_seams(method, flat_scene, monkeypatch):
    _, noisy = flat_scene
    kind = FILTERS[method]
    honest = kind.reach_px
    # Where a pixel's influence fades with distance it is cut early, so that it shows.
    visible = {"gaussian": {"truncate": 1.0}, "diffusion": {"niter": 2}}
    values = SMALL[method] | visible.get(method, {})
    whole, _ = restore(method, noisy, **values)
    monkeypatch.setattr(kind, "reach_px", lambda self, n: tuple(r - 1 for r in honest(self, n)))
    tiled, _ = restore(method, noisy, memory_bytes=1_500_000, **values)
    assert not np.allclose(tiled, whole, rtol=1e-6)


@every_filter
def test_bands_over_the_cores_change_nothing(method, flat_scene, monkeypatch):
    _, noisy = flat_scene
    one = fitted(method, noisy)
    tile = noisy[np.newaxis, ..., np.newaxis]
    monkeypatch.setattr(restorer, "BAND_PX", 10**9)
    whole = one.predict(tile)
    monkeypatch.setattr(restorer, "BAND_PX", 1000)
    bands = one.predict(tile)
    np.testing.assert_allclose(bands, whole, rtol=1e-5)


@every_filter
@pytest.mark.parametrize("stabilise", [False, True], ids=["as it is", "stabilised"])
def test_another_gain_and_offset_give_the_same_image_in_other_counts(method, stabilise):
    _, noisy = scene((300, 300))
    quick = {k: v for k, v in SMALL[method].items() if k.startswith(("patch", "niter"))}
    here, _ = restore(method, noisy, stabilise=stabilise, **quick)
    there, _ = restore(method, 20 * noisy + 3000, stabilise=stabilise, **quick)
    np.testing.assert_allclose(there, 20 * here + 3000, atol=0.02 * 20 * noisy.std())


@every_filter
def test_integers_are_filtered_as_the_same_floats(method, flat_scene):
    counts = flat_scene[1].round().clip(0).astype(np.uint16)
    as_integers, _ = restore(method, counts)
    as_floats, _ = restore(method, counts.astype(np.float32))
    np.testing.assert_array_equal(as_integers, as_floats)
    assert np.ptp(as_integers) > 0.3 * np.ptp(flat_scene[0])


@every_filter
@every_dims
def test_what_is_estimated_brings_the_image_nearer_to_the_truth(method, shape):
    clean, noisy = scene(shape)
    restored, _ = restore(method, noisy)
    assert error(restored, clean) < 0.75 * error(noisy, clean)


@every_filter
@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (40, 3), (1, 30, 30), (3, 2, 2)], ids=str)
@pytest.mark.parametrize("auto", ["estimate", "j-invariant"])
def test_small_images_are_filtered_too(method, shape, auto, rng):
    counts = rng.poisson(30, shape).astype(np.uint16)
    restored, _ = restore(method, counts, auto=auto)
    assert np.isfinite(restored).all()
    assert restored.min() >= counts.min() - 1e-3
    assert restored.max() <= counts.max() + 1e-3


@every_filter
@pytest.mark.parametrize("value", [7, 65535, -3.5, 1e30])
def test_a_constant_image_stays_what_it_is(method, value):
    counts = np.full((40, 40), value, np.float32)
    restored, _ = restore(method, counts)
    np.testing.assert_allclose(restored, counts, rtol=1e-6)


@every_filter
@pytest.mark.parametrize("scale", [1e36, 1e-30])
def test_huge_and_tiny_counts_are_filtered_alike(method, scale, flat_scene):
    _, noisy = flat_scene
    noisy = noisy[:64, :64]
    here, _ = restore(method, noisy, **{k: v for k, v in SMALL[method].items() if k != "sigma"})
    there, _ = restore(
        method,
        noisy * np.float32(scale),
        **{k: v for k, v in SMALL[method].items() if k != "sigma"},
    )
    np.testing.assert_allclose(there / scale, here, rtol=2e-3)


@every_filter
def test_strips_and_empty_planes_are_exactly_zero_again(method, rng):
    counts = rng.poisson(40, (3, 50, 60)).astype(np.uint16) + 10
    counts[0, :5], counts[0, :, 50:], counts[1] = 0, 0, 0
    for dims in (2, 3):
        restored, report = restore(method, counts, dims=dims, **SMALL[method])
        np.testing.assert_array_equal(restored == 0, counts == 0)
        assert report.n_empty_planes == 1
        # Nothing dark leaks in from a strip.
        assert restored[0, 5:, :50].min() > 25


@every_filter
def test_a_stack_of_nothing_but_zeros_stays_zero(method):
    counts = np.zeros((2, 30, 30), np.uint16)
    for dims in (2, 3):
        restored, _ = restore(method, counts, dims=dims)
        assert not restored.any()


@every_filter
def test_nan_is_filled_for_the_filter_and_put_back(method, flat_scene):
    _, noisy = flat_scene
    broken = noisy.copy()
    broken[20:23, 30] = np.nan
    restored, _ = restore(method, broken, nan="fill", **SMALL[method])
    np.testing.assert_array_equal(np.isnan(restored), np.isnan(broken))


@every_filter
def test_each_channel_gets_its_own_parameters(method, flat_scene):
    _, noisy = flat_scene
    both = np.stack([noisy, 50 * noisy])
    together, _ = restore(method, both, axes="CYX", dims=2)
    alone, _ = restore(method, noisy)
    np.testing.assert_allclose(together[0], alone, rtol=1e-5)
    np.testing.assert_allclose(together[1], 50 * alone, rtol=1e-3)


@every_filter
def test_every_plane_of_t_and_z_is_filtered_on_its_own_in_2d(method, rng):
    counts = rng.poisson(30, (2, 3, 40, 44)).astype(np.float32)
    given = {"diffusion": {"kappa": 5}, "nlm": {"h": 4, "sigma": 5}}
    values = SMALL[method] | given.get(method, {})
    stack, _ = restore(method, counts, axes="TZYX", dims=2, **values)
    other = counts.copy()
    other[1, 2] = counts[1, 2][::-1]
    changed, _ = restore(method, other, axes="TZYX", dims=2, **values)
    np.testing.assert_array_equal(changed[0], stack[0])
    alone, _ = restore(method, other[1, 2], **values)
    np.testing.assert_array_equal(changed[1, 2], alone)


def test_depth_is_z_where_there_is_z_else_t():
    settings = read_settings("median")
    planes = np.zeros((2, 3, 8, 8), np.uint8)
    assert filter_for(Stack(planes, "TZYX"), settings, dims=3).axes == "ZYX"
    assert filter_for(Stack(planes[0], "TYX"), settings, dims=3).axes == "TYX"
    with pytest.raises(AxesError, match="neither Z nor T"):
        filter_for(Stack(planes[0, 0], "YX"), settings, dims=3)


@pytest.mark.parametrize(
    ("method", "values", "message"),
    [
        ("medain", {}, "median"),
        ("median", {"sizes": "3"}, "size"),
        ("median", {"size": "4"}, "odd"),
        ("median", {"size": "3,3,3,3"}, "axes"),
        ("gaussian", {"sigma": "-1"}, "0 or more"),
        ("gaussian", {"sigma": "NaN"}, "finite"),
        ("gaussian", {"sigma": "1,2,3"}, "Y,X"),
        ("diffusion", {"option": "4"}, "Tukey"),
        ("diffusion", {"kapa": "1"}, "kappa"),
        ("nlm", {"patch_size": "6"}, "odd"),
        ("nlm", {"auto": "jinvariant"}, "j-invariant"),
        ("nlm", {"auto": "j-invariant", "h": "3"}, "one of both"),
        ("nlm", {"gain": "3"}, "--variance-stabilise"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_could(method, values, message):
    with pytest.raises(UsageError, match=message):
        make(method, (30, 30), **values)


def doubts_about(counts, method, **values):
    found = make(method, counts.shape, **values).fit_intensity([counts[..., np.newaxis]])
    return " ".join(found.channels[0].doubts)


@every_filter
def test_a_strength_that_is_estimated_from_no_noise_is_spoken_of(method):
    staircase = (np.arange(96 * 90).reshape(96, 90) // 999).astype(np.float32)
    said = doubts_about(staircase, method)
    assert "no noise was found" in said and "--set" in said
    assert doubts_about(np.full((96, 90), 3, np.float32), method) == ""


@every_filter
def test_a_filter_that_loses_the_mean_of_few_photons_says_so(method):
    photons = np.random.default_rng(4).poisson(0.1, (128, 140)).astype(np.float32)
    made = make(method, photons.shape).fit_intensity([photons[..., np.newaxis]])
    restored = made.predict(photons[np.newaxis, ..., np.newaxis])
    lost = abs(restored.mean() - photons.mean()) > 0.03 * photons.std()
    assert ("makes a mean" in doubts_about(photons, method)) == lost
    assert lost == {"median": True, "gaussian": False}.get(method, lost)


def test_gain_and_floor_are_given_together():
    with pytest.raises(SettingsError, match="gain"):
        read_settings("nlm", {"floor": "3"}, stabilise=True)


@every_filter
def test_the_options_that_are_printed_repeat_the_image(method, flat_scene):
    _, noisy = flat_scene
    first = make(method, noisy.shape).fit_intensity([noisy[..., np.newaxis]])
    words = first.channels[0].settings.options.replace("--set ", "").split()
    again = make(method, noisy.shape, **dict(word.split("=") for word in words))
    again = again.fit_intensity([])
    assert (first.channels[0].reason, again.channels[0].reason) == ("estimated", "as given")
    tile = noisy[np.newaxis, ..., np.newaxis]
    difference = again.predict(tile) - first.predict(tile)
    assert np.abs(difference).max() < 0.01 * noisy.std()
