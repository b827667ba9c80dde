"""The parameter chosen without truth is about the one that the truth would choose."""

import dataclasses

import numpy as np
import pytest
from filter_scene import error, make, restore, scene
from scipy import ndimage

from n2v_tools.filters.invariance import choose_without_truth
from n2v_tools.filters.pieces import Sample
from n2v_tools.filters.table import FILTERS
from n2v_tools.prepare.struct_mask import StructMask

WIDTHS = (0.4, 0.6, 0.9, 1.3, 2.0, 3.0)


@pytest.mark.parametrize("method", FILTERS)
def test_it_is_nearly_as_good_as_the_best_with_the_truth(method):
    clean, noisy = scene((160, 160))
    settings = make(method, noisy.shape).channels[0].settings
    sample = Sample.of([noisy])
    candidates = [one.estimated(sample) for one in settings.candidates(sample)]
    errors = [error(one.apply(noisy), clean) for one in candidates]
    restored, _ = restore(method, noisy, auto="j-invariant")
    assert error(restored, clean) < (1.2 if method == "nlm" else 1.1) * min(errors)
    assert max(errors) > 1.3 * min(errors)


def test_the_same_seed_gives_the_same_choice(flat_scene):
    planes = [flat_scene[1][..., np.newaxis]]
    chosen = [
        make("gaussian", (160, 180), seed=seed, auto="j-invariant").fit_intensity(planes)
        for seed in (3, 3)
    ]
    assert chosen[0] == chosen[1]


def test_errors_on_hidden_pixels_are_the_true_ones_plus_the_noise(rng):
    clean, _ = scene((128, 128))
    noisy = (clean + rng.normal(0, 30, clean.shape)).astype(np.float32)
    blurs = [lambda x, s=s: ndimage.gaussian_filter(x, s) for s in WIDTHS[2:]]
    _, errors = choose_without_truth(blurs, [noisy], rng)
    true = [error(blur(noisy), clean) ** 2 + 30**2 for blur in blurs]
    np.testing.assert_allclose(errors, true, rtol=0.05)


def test_no_hidden_pixel_can_be_copied(rng):
    noisy = rng.normal(size=(256, 256)).astype(np.float32)
    _, (copied, mean) = choose_without_truth([np.copy, np.zeros_like], [noisy], rng)
    assert copied > 1.05  # of pure noise neighbours say nothing
    assert mean == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("axis", ["rows", "volume"])
def test_a_struct_mask_hides_who_shares_the_noise(axis, rng):
    """Noise in runs of three: unmasked, too weak a blur wins; masked, the true one."""
    shape = (160, 160) if axis == "rows" else (4, 80, 80)
    clean, _ = scene(shape)
    noise = ndimage.uniform_filter1d(rng.normal(size=shape), 3, axis=-1)
    noisy = (clean + 40 * noise / noise.std()).astype(np.float32)
    blurs = [lambda x, s=s: ndimage.gaussian_filter(x, s) for s in WIDTHS]
    best = int(np.argmin([error(blur(noisy), clean) for blur in blurs]))
    unmasked, _ = choose_without_truth(blurs, [noisy], rng)
    masked, _ = choose_without_truth(
        blurs, [noisy], rng, mask=StructMask.of_kind("horizontal", 1, 5)
    )
    assert unmasked < best
    assert abs(masked - best) <= 1
    assert masked > unmasked


def test_shared_noise_is_said_to_spoil_the_choice(rng):
    clean, _ = scene((200, 200))
    noise = ndimage.uniform_filter1d(rng.normal(size=clean.shape), 3)
    noisy = (clean + 60 * noise).astype(np.float32)
    one = make("median", clean.shape, auto="j-invariant").fit_intensity([noisy[..., np.newaxis]])
    assert "independent" in one.channels[0].doubts[0]
    assert "error on hidden pixels" in one.channels[0].reason


def test_candidates_differ_in_the_main_parameter_only(flat_scene):
    sample = Sample.of([flat_scene[1]])
    for kind in FILTERS.values():
        filled = [one.estimated(sample) for one in kind().candidates(sample)]
        rest = {dataclasses.replace(one, **{kind.main: None}) for one in filled}
        assert len(rest) == 1
        assert len({getattr(one, kind.main) for one in filled}) == len(filled)


@pytest.mark.parametrize("method", ["gaussian", "median"])
def test_planes_that_have_nothing_in_common_are_not_mixed(method):
    clean = np.stack([scene((96, 110), seed)[0] for seed in range(8)])
    noisy = clean + np.random.default_rng(1).normal(0, 25, clean.shape).astype(np.float32)
    settings = make(method, noisy.shape, auto="j-invariant").fit_intensity([noisy[..., None]])
    depth, *_ = getattr(settings.channels[0].settings, settings.channels[0].settings.main)
    assert depth == (0 if method == "gaussian" else 1)
    restored, _ = restore(method, noisy, auto="j-invariant")
    plane_by_plane, _ = restore(method, noisy, dims=2, auto="j-invariant")
    assert error(restored, clean) < 1.02 * error(plane_by_plane, clean)


@pytest.mark.parametrize("method", ["gaussian", "median"])
def test_planes_that_show_the_same_are(method):
    clean = np.stack([scene((96, 110), 5)[0]] * 8)
    noisy = clean + np.random.default_rng(2).normal(0, 25, clean.shape).astype(np.float32)
    restored, _ = restore(method, noisy, auto="j-invariant")
    plane_by_plane, _ = restore(method, noisy, dims=2, auto="j-invariant")
    assert error(restored, clean) < 0.8 * error(plane_by_plane, clean)
