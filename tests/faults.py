"""Fair restorations and what may go wrong with them, with and without lone pixels."""

import numpy as np
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter


def changing_scene(shape, seed, photons=40.0):
    """A TYX movie whose blobs come and go: noisy uint16 counts and a fair restoration, float32."""
    rng = default_rng(seed)
    light = gaussian_filter(rng.normal(size=shape), (3, 3, 3), mode="wrap")
    light = photons * (1 + 0.5 * np.clip(light / light.std(), -1.5, 4))
    noisy = np.rint(50 + 3 * rng.poisson(light) + rng.normal(0, 2, shape)).clip(0, 65535)
    restored = 50 + 3 * light + 0.1 * (noisy - 50 - 3 * light)
    return noisy.astype(np.uint16), restored.astype(np.float32)


def with_lone_pixels(noisy, kind, seed):
    """The same with some pixels far off: hot ones, dead ones, cosmic rays; or as it is."""
    rng = default_rng(seed)
    spoilt = noisy.copy()
    n = max(4, noisy[0].size // 3000)
    for plane in spoilt:
        if kind != "cosmic":
            rng = default_rng(seed)  # at the same places in each frame
        spots = np.unravel_index(rng.choice(plane.size, n, replace=False), plane.shape)
        if kind in ("hot", "cosmic"):
            plane[spots] = rng.integers(4000, 65535, n)
        elif kind == "dead":
            plane[spots] = 0
    return spoilt


def with_regions(noisy, kind):
    """The same with a white bar, or an even border and corners, in each frame; or as it is."""
    spoilt = noisy.copy()
    height, width = noisy.shape[-2:]
    if kind == "bar":
        spoilt[..., -14:-6, 12:60] = 4095
    elif kind == "border":
        y, x = np.indices((height, width))
        spoilt[..., (y + x < 40) | (y - x > height - 30) | (y >= height - 9)] = 101
    return spoilt


def spoil(how, noisy, restored, seed):
    """What came out instead of `restored`."""
    rng = default_rng(seed)
    sigma = 17.0  # counts, about that of the noise
    if how == "noise added to the input":
        return noisy + rng.normal(0, sigma, noisy.shape)
    if how == "noise added to the result":
        return restored + rng.normal(0, sigma, noisy.shape)
    if how == "shifted by one pixel":
        return np.roll(restored, 1, axis=-1)
    if how == "input shifted by one pixel":
        return np.roll(noisy, -1, axis=-2)
    if how == "scaled by 0.9":
        return 0.9 * restored
    if how == "frames exchanged":
        first, second = len(restored) // 4, len(restored) // 2
        order = np.arange(len(restored))
        order[[first, second]] = second, first
        return restored[order]
    return {"unchanged": noisy, "unchanged, as float": noisy.astype(np.float32)}.get(how, restored)
