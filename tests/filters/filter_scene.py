"""Blobs and an edge under photon noise, and filters run as `n2v-denoise` runs them."""

import numpy as np
from scipy import ndimage

from n2v_tools.filters.table import filter_for, read_settings
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

GAIN, OFFSET, READ_NOISE = 3.0, 100.0, 4.0
SMALL = {  # quick, and with a reach that leaves room in a small image
    "median": {"size": (5,)},
    "gaussian": {"sigma": (1.2,)},
    "diffusion": {"niter": 6},
    "nlm": {"patch_size": 5, "patch_distance": 3},
}


def scene(shape, seed=0, photons=30):
    """Return clean and noisy float32 counts of `shape`."""
    rng = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(rng.normal(size=shape), 4)
    signal = photons * (0.3 + 0.4 * (blobs > 0) + np.abs(blobs) / blobs.std() / 2)
    signal = ndimage.gaussian_filter(signal, 1)
    clean = GAIN * signal + OFFSET
    noisy = GAIN * rng.poisson(signal) + OFFSET + rng.normal(0, READ_NOISE, shape)
    return clean.astype(np.float32), noisy.astype(np.float32)


def make(method, shape_or_stack, stabilise=False, seed=0, **values):
    """An unfitted filter for an array ([Z,] Y, X) or a stack."""
    stack = shape_or_stack
    if not isinstance(stack, Stack):
        stack = Stack(np.zeros(stack, np.float32), "ZYX"[-len(stack) :])
    dims = 3 if stack.axes in ("ZYX", "TYX") else 2
    settings = read_settings(method, values, stabilise=stabilise)
    return filter_for(stack, settings, dims=dims, stabilise=stabilise, seed=seed)


def restore(method, counts, axes=None, dims=None, memory_bytes=None, **options):
    """Run a filter over an array; return the restored array and the report."""
    stack = Stack(counts, axes or "ZYX"[-counts.ndim :])
    stabilise = options.pop("stabilise", False)
    keep_strips = options.pop("keep_strips", False)
    nan = options.pop("nan", "refuse")
    settings = read_settings(method, options, stabilise=stabilise)
    restorer = filter_for(stack, settings, dims=dims or min(counts.ndim, 3), stabilise=stabilise)
    restored = np.empty(counts.shape, np.float32)

    def write(place, plane):
        restored[tuple(place.get(a, slice(None)) for a in stack.axes)] = plane

    report = restore_stack(
        stack, restorer, write, memory_bytes=memory_bytes, keep_strips=keep_strips, nan=nan
    )
    return restored, report


def error(restored, clean):
    """Root mean square difference, counts."""
    return float(np.sqrt(np.mean((restored.astype(np.float64) - clean) ** 2)))
