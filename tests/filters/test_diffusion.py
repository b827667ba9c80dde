"""Diffusion against medpy's, and what physics says."""

import numpy as np
import pytest
from filter_scene import error, make, restore, scene

from n2v_tools.errors import SettingsError
from n2v_tools.filters.diffusion import Diffusion, diffuse, stable_gamma
from n2v_tools.filters.pieces import Sample
from n2v_tools.stack import Stack

OPTIONS = (1, 2, 3)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("shape", [(50, 60), (8, 30, 34)], ids=["2D", "3D"])
def test_it_is_medpys(option, shape):
    """With equal pixel sizes: with others medpy divides by the distance once, not twice."""
    smoothing = pytest.importorskip("medpy.filter.smoothing", reason="the extra medpy has it")
    _, noisy = scene(shape)
    values = {"niter": 12, "kappa": 30.0, "gamma": 0.15, "option": option}
    expected = smoothing.anisotropic_diffusion(noisy, **values)
    restored, _ = restore("diffusion", noisy, **values)
    np.testing.assert_allclose(restored, expected, rtol=1e-4)
    assert np.abs(expected - noisy).max() > 5


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("shape", [(40, 44), (7, 30, 30)], ids=["2D", "3D"])
def test_the_mean_stays_what_it_is(option, shape):
    _, noisy = scene(shape)
    restored, _ = restore("diffusion", noisy, niter=50, option=option)
    assert restored.mean(dtype=np.float64) == pytest.approx(noisy.mean(dtype=np.float64), rel=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flow_falls_with_the_square_of_the_distance(axis):
    """One step from a single bright pixel, worked out by hand."""
    spacing = (4.0, 1.0, 2.0)
    counts = np.zeros((5, 5, 5), np.float32)
    counts[2, 2, 2] = 1.0
    kappa = 1e6  # so large that everything flows
    after = diffuse(counts / kappa, 1, 0.1, 2, spacing) * kappa
    place = [2, 2, 2]
    place[axis] += 1
    assert after[tuple(place)] == pytest.approx(0.1 / spacing[axis] ** 2, rel=1e-5)
    assert after[2, 2, 2] == pytest.approx(1 - 2 * 0.1 * (1 / 16 + 1 + 1 / 4), rel=1e-5)


@pytest.mark.parametrize("spacing", [(1, 1), (1, 2), (1, 1, 1), (3, 1, 1)], ids=str)
def test_gamma_is_stable_up_to_its_bound_and_not_above(spacing, rng):
    counts = rng.choice([-1, 1], [12] * len(spacing)).astype(np.float32)
    checkers = (-1.0) ** np.indices(counts.shape).sum(axis=0)  # what grows fastest
    counts = (counts + checkers).astype(np.float32) * 1e-3  # everything flows
    calm = diffuse(counts.copy(), 200, stable_gamma(spacing), 2, spacing)
    assert np.abs(calm).max() <= np.abs(counts).max() * (1 + 1e-4)
    with np.errstate(all="ignore"):
        wild = diffuse(counts.copy(), 200, 1.2 * stable_gamma(spacing), 2, spacing)
    assert not np.abs(wild).max() <= 2 * np.abs(counts).max()


def test_an_unstable_gamma_is_refused_with_the_largest_that_can_be_given():
    with pytest.raises(SettingsError, match=r"0\.1666"):
        make("diffusion", (4, 8, 8), gamma="0.18")
    make("diffusion", (4, 8, 8), gamma="0.1666")
    make("diffusion", (8, 8), gamma="0.25")
    with pytest.raises(SettingsError, match=r"0\.25 or less"):
        make("diffusion", (8, 8), gamma="0.26")


def test_spacing_is_the_files_over_the_finest_and_time_counts_as_one():
    counts = np.zeros((4, 8, 8), np.uint8)
    volume = Stack(counts, "ZYX", spacing={"Z": 0.5, "Y": 0.125, "X": 0.25}, unit="um")
    assert make("diffusion", volume).channels[0].settings.spacing == (4, 1, 2)
    movie = Stack(counts, "TYX", spacing={"T": 30.0, "Y": 0.125, "X": 0.125}, unit="um")
    assert make("diffusion", movie).channels[0].settings.spacing == (1, 1, 1)
    assert make("diffusion", (4, 8, 8)).channels[0].settings.spacing == (1, 1, 1)
    given = make("diffusion", volume, spacing="2,1,1").channels[0].settings
    assert given.spacing == (2, 1, 1)


@pytest.mark.parametrize("option", OPTIONS)
def test_edges_above_kappa_stay_and_noise_below_goes(option, rng):
    edge = np.where(np.arange(60) < 30, 100.0, 400.0) * np.ones((60, 1))
    noisy = (edge + rng.normal(0, 10, edge.shape)).astype(np.float32)
    restored = Diffusion(niter=20, kappa=40, option=option).apply(noisy)
    flat = slice(5, 25)
    assert restored[:, flat].std() < 0.4 * noisy[:, flat].std()
    assert restored[:, 30].mean() - restored[:, 29].mean() > 250


@pytest.mark.parametrize("photons", [0.1, 0.3])
def test_few_photons_are_diffused_though_most_differences_are_zero(photons, rng):
    counts = rng.poisson(photons, (96, 96)).astype(np.uint8)
    restored, _ = restore("diffusion", counts)
    assert restored.std() < 0.9 * counts.std()
    assert restored.mean() == pytest.approx(counts.mean(), rel=1e-4)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("photons", [3, 30, 300])
def test_what_is_estimated_is_nearly_the_best(option, photons):
    clean, noisy = scene((192, 192), photons=photons)
    sample = Sample.of([noisy])
    one = Diffusion(option=option).for_geometry((1.0, 1.0)).estimated(sample)
    tried = [
        Diffusion(niter=niter, kappa=factor * one.kappa, option=option)
        for niter in (3, 10, 20, 40)
        for factor in (0.5, 1, 2)
    ]
    best = min(error(other.apply(noisy), clean) for other in tried)
    assert error(one.apply(noisy), clean) < 1.25 * best
