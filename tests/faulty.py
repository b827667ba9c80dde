"""Clean images of many kinds, and what spoils them: fills, borders, writing, lone pixels."""

import numpy as np
from numpy.random import default_rng
from scipy import ndimage


def cells(shape=(150, 170), dtype=np.uint16, seed=0, low=60.0, light=300):
    """Poisson counts of smooth cells on a background of `low` counts."""
    rng = default_rng(seed)
    blurred = ndimage.gaussian_filter(rng.normal(size=shape), 5)
    light = low + light * np.clip(blurred / blurred.std(), 0, None)
    return rng.poisson(light).astype(dtype)


def _spots(rng, width, height, n=60, edge=160):
    """Spots of different heights, as wide as optics make them, in a plane (edge, edge)."""
    light = np.zeros((edge, edge))
    light[rng.integers(0, edge, n), rng.integers(0, edge, n)] = rng.uniform(0.05, 1, n) * height
    return ndimage.gaussian_filter(light, width) * 2 * np.pi * width**2


def _spot(width, edge=160):
    """One spot between four pixels, as wide as optics make it, of height 1."""
    y, x = np.mgrid[:edge, :edge]
    return np.exp(-((y - 70.5) ** 2 + (x - 90.5) ** 2) / (2 * width**2))


def _lines(edge=160):
    y, x = np.mgrid[:edge, :edge]
    return 30 + 500 * np.exp(-((y - 0.3 * x - 40) ** 2) / (2 * 0.9**2))


def _multiplied(rng, photons):
    """As an electron-multiplying camera shows photons."""
    return rng.gamma(np.maximum(rng.poisson(photons), 1e-9), 300) + rng.normal(
        100, 8, photons.shape
    )


def clean_images(seed=0):
    """Images that hold nothing but data, by name: arrays (160, 160) of several types."""
    rng = default_rng(seed)
    edge = 160
    flat = np.ones((edge, edge))
    images = {
        "cells": cells((edge, edge), seed=seed),
        "bright cells on dark ground": rng.poisson(0.2 + _spots(rng, 6, 900)).astype(np.uint16),
        "spots": rng.poisson(20 + _spots(rng, 1.0, 3000)).astype(np.uint16),
        "small spots": rng.poisson(20 + _spots(rng, 0.7, 3000)).astype(np.uint16),
        "two spots": rng.poisson(20 + _spots(rng, 0.8, 30000, n=2)).astype(np.uint16),
        "spots as floats": (rng.poisson(20 + _spots(rng, 1.0, 3000)) / 7).astype(np.float32),
        "lines": rng.poisson(_lines()).astype(np.uint16),
        "saturated": np.clip(rng.poisson(_spots(rng, 7, 9000)), 0, 4095).astype(np.uint16),
        "saturated spots": np.clip(rng.poisson(_spots(rng, 1, 80000)), 0, 4095).astype(np.uint16),
        "one saturated spot": np.clip(
            rng.poisson(100 + 20000 * _spot(0.7)), 0, 4095
        ).astype(np.uint16),
        "one saturated cell": np.clip(
            rng.poisson(100 + 90000 * _spot(2.5)), 0, 4095
        ).astype(np.uint16),
        "few photons": rng.poisson(0.05 * flat).astype(np.uint16),
        "hardly any photons": rng.poisson(0.004 * flat).astype(np.uint8),
        "cells of few photons": rng.poisson(0.01 + _spots(rng, 6, 4)).astype(np.uint16),
        "clipped": np.clip(rng.normal(-5 * flat, 20), 0, None).astype(np.uint16),
        "clipped below cells": np.clip(
            rng.normal(-50 + _spots(rng, 6, 500), 20), 0, None
        ).astype(np.uint16),
        "electron multiplier": _multiplied(rng, 0.03 + _spots(rng, 6, 0.5)).astype(np.uint16),
        "coarse 8 bit": np.clip(rng.normal(20 + _spots(rng, 9, 100), 0.5), 0, 255).astype(np.uint8),
        "negative": (cells((edge, edge), seed=seed) - 200.0).astype(np.int16),
    }  # fmt: skip
    with_strips = images["cells"].copy()
    with_strips[:, :23] = 0
    return {**images, "with strips": with_strips}
