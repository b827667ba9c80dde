"""Smooth scenes and frames of them under noise of known strength and correlation."""

import numpy as np
from numpy.random import default_rng
from scipy import ndimage


def smooth(edge=256, low=300.0, high=700.0, width=6, seed=9):
    """A scene (Y, X) from `low` to `high` counts, its blobs `width` pixels wide."""
    blurred = ndimage.gaussian_filter(default_rng(seed).normal(size=(edge, edge)), width)
    return low + (high - low) * (blurred - blurred.min()) / np.ptp(blurred)


def noise(shape, width=(1, 1), seed=0):
    """Noise of deviation 1, averaged over boxes of `width` pixels in Y and X."""
    white = default_rng(seed).normal(0, 1, shape)
    size = (1,) * (len(shape) - 2) + width
    coloured = ndimage.uniform_filter(white, size, mode="wrap")
    return coloured / coloured.std()


def frames(n=6, width=(1, 1), sigma=40.0, edge=256):
    """Float32 counts (n, Y, X) of one scene."""
    return (smooth(edge) + sigma * noise((n, edge, edge), width)).astype(np.float32)
