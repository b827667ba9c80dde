"""Ten kinds of data whose statistics are odd: many equal pixels, few levels, little light."""

import numpy as np
from numpy.random import default_rng
from scipy import ndimage


def _scene(rng, shape):
    """Smooth positive structures, between 0 and 1."""
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), [0] * (len(shape) - 2) + [6, 6])
    return (smooth - smooth.min()) / np.ptp(smooth)


def clipped_background(rng, shape):
    return (rng.normal(0, 20, shape) + 300 * _scene(rng, shape) ** 6).clip(0).astype(np.uint16)


def few_photons(rng, shape):
    return rng.poisson(0.3 * _scene(rng, shape)).astype(np.uint8)


def hardly_any_photons(rng, shape):
    return rng.poisson(0.03 * _scene(rng, shape)).astype(np.uint16)


def photons_in_steps_of_twelve(rng, shape):
    return (12 * rng.poisson(2 * _scene(rng, shape))).astype(np.uint16)


def constant_border(rng, shape):
    counts = rng.poisson(200 * _scene(rng, shape) + 20).astype(np.float32)
    framed = np.full(shape, 17.3, np.float32)
    framed[..., 30:-30, 40:-20] = counts[..., 30:-30, 40:-20]
    return framed


def nearly_binary(rng, shape):
    mask = _scene(rng, shape) > 0.55
    return np.where(rng.random(shape) < 0.01, ~mask, mask).astype(np.uint8) * 255


def saturated(rng, shape):
    return rng.poisson(400 * _scene(rng, shape)).clip(0, 255).astype(np.uint8)


def clipped_on_both_sides(rng, shape):
    return rng.normal(1000 * _scene(rng, shape), 150).clip(400, 600).astype(np.uint16)


def large_whole_numbers(rng, shape):
    counts = 1_234_567 + rng.poisson(30 * _scene(rng, shape)).astype(np.int32)
    return np.maximum(counts, 1_234_580)


def one_bright_spot(rng, shape):
    counts = rng.poisson(5.0, shape).astype(np.float64)
    counts[..., 60:70, 60:70] += 5000
    return counts


KINDS = {
    make.__name__: make
    for make in (
        clipped_background, few_photons, hardly_any_photons, photons_in_steps_of_twelve,
        constant_border, nearly_binary, saturated, clipped_on_both_sides, large_whole_numbers,
        one_bright_spot,
    )
}  # fmt: skip
SHAPES = {"YX": (700, 650), "TYX": (37, 120, 140), "TZYX": (6, 5, 96, 130)}


def make_kind(name, axes, seed):
    return KINDS[name](default_rng(seed), SHAPES[axes])
