"""A still scene under noise, and a fair restoration."""

import numpy as np
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter


def scene(shape, seed=0):
    """Blobs, the same in every plane, under noise; noisy and a fair restoration."""
    field = gaussian_filter(default_rng(seed).normal(size=shape[-2:]), 3)
    clean = np.broadcast_to(1000 + 200 * field / field.std(), shape)
    noisy = clean + default_rng(seed + 1).normal(0, 100, shape)
    restored = clean + 0.05 * (noisy - clean)
    return noisy.astype(np.float32), restored.astype(np.float32)
