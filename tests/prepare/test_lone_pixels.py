"""Lone pixels are found whatever the noise, and nothing else is."""

import math

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.prepare.gaps import find_lone_pixels


def scene(kind, shape, seed):
    rng = default_rng(seed)
    light = gaussian_filter(rng.normal(size=shape), 4)
    light = 1 + 0.8 * light / np.abs(light).max()
    match kind:
        case "bright":
            return 100 + 2.0 * rng.poisson(60 * light)
        case "few photons":
            return rng.poisson(0.05 * light).astype(np.uint8)
        case "electron multiplier":
            photons = rng.poisson(0.4 * light)
            gained = np.where(photons, rng.gamma(np.maximum(photons, 1), 30.0), 0)
            return gained + rng.normal(100, 3, shape)
        case "normal noise":
            return (0.1 * light + rng.normal(0, 0.02, shape)).astype(np.float32)
        case "points":  # as small as optics make them
            spots = np.zeros(shape)
            spots.flat[rng.choice(spots.size, 40, replace=False)] = 60_000
            return rng.poisson(20 + gaussian_filter(spots, 0.8))
        case "strips":
            plane = rng.poisson(50 * light).astype(np.uint16)
            plane[:, :9] = plane[-7:] = 0
            return plane
    raise AssertionError


KINDS = ["bright", "few photons", "electron multiplier", "normal noise", "points", "strips"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(120, 150), (64, 300)], ids=str)
def test_no_clean_image_has_any(kind, shape):
    for seed in range(4):
        assert not len(find_lone_pixels(scene(kind, shape, seed)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 5, 20])
def test_those_put_in_are_found(kind, n):
    plane = scene(kind, (128, 160), 7).astype(np.float64)
    rng = default_rng(8)
    inside = np.ravel_multi_index(np.mgrid[4:110:6, 14:150:6], plane.shape).ravel()
    put = np.sort(rng.choice(inside, n, replace=False))
    plane.flat[put] = plane.max() + (1 + rng.random(n)) * 60 * np.ptp(plane)
    found = np.sort(np.ravel_multi_index(find_lone_pixels(plane).T, plane.shape))
    np.testing.assert_array_equal(found, put)


def test_scale_and_offset_change_nothing():
    plane = scene("bright", (90, 90), 3)
    plane[30, 40], plane[60, 61] = 9000, -5000
    expected = [[30, 40], [60, 61]]
    for same in (plane, 1e-4 * plane - 7, -plane):
        assert find_lone_pixels(same).tolist() == expected


@pytest.mark.parametrize("plane", [np.zeros((40, 40)), np.full((3, 50), 7), np.ones((64, 64))])
def test_constant_and_tiny_planes_have_none(plane):
    assert not len(find_lone_pixels(plane))


def test_what_is_not_finite_is_no_lone_pixel():
    plane = scene("normal noise", (64, 64), 5)
    plane[10, 10], plane[20, 20] = np.nan, np.inf
    assert not len(find_lone_pixels(plane))


CLUSTERS = {
    "pair": [(0, 0), (0, 1)],
    "diagonal": [(0, 0), (1, 1)],
    "corner": [(0, 0), (0, 1), (1, 0)],
    "square": [(0, 0), (0, 1), (1, 0), (1, 1)],
    "step": [(0, 0), (0, 1), (1, 1), (1, 2)],
    "tee": [(0, 0), (0, 1), (0, 2), (1, 1)],
    "line": [(0, 0), (0, 1), (0, 2), (0, 3)],
}


@pytest.mark.parametrize("kind", ["bright", "normal noise", "strips"])
@pytest.mark.parametrize("name", CLUSTERS)
def test_clusters_of_up_to_four_are_found(name, kind):
    plane = scene(kind, (128, 160), 9).astype(np.float64)
    rng = default_rng(10)
    put = np.zeros(plane.shape, bool)
    for corner in ((20, 30), (60, 90), (90, 140), (105, 15)):
        put[tuple(np.add(CLUSTERS[name], corner).T)] = True
    plane[put] = plane.max() + (1 + rng.random(put.sum())) * 10 * np.ptp(plane)
    found = np.zeros(plane.shape, bool)
    found[tuple(find_lone_pixels(plane).T)] = True
    np.testing.assert_array_equal(found, put)
    found[:] = False
    found[tuple(find_lone_pixels(-plane).T)] = True
    np.testing.assert_array_equal(found, put)


@pytest.mark.parametrize("width", [0.5, 0.6, 0.85])
def test_spots_between_pixels_are_no_clusters(width):
    rng = default_rng(11)
    edges = np.arange(161)

    def seen(middle):  # what each pixel collects of a spot's light along one axis
        return np.diff([(1 + math.erf((e - middle) / width / math.sqrt(2))) / 2 for e in edges])

    for _ in range(5):
        light = np.full((160, 160), 20.0)
        for y, x in rng.integers(5, 155, (12, 2)):
            light += rng.uniform(1e3, 2e5) * np.outer(seen(y), seen(x))
        assert not len(find_lone_pixels(rng.poisson(light)))
        assert not len(find_lone_pixels(light + rng.normal(0, 5, light.shape)))


@pytest.mark.parametrize("photons", [0.1, 0.5, 2, 10, 50])
def test_no_noise_makes_clusters(photons):
    rng = default_rng(12)
    light = gaussian_filter(rng.normal(size=(160, 170)), 5)
    light = photons * (0.2 + np.clip(light / light.std(), 0, None))
    for _ in range(6):
        assert not len(find_lone_pixels(rng.poisson(light).astype(np.uint16)))
        assert not len(find_lone_pixels(light + rng.normal(0, math.sqrt(photons), light.shape)))
