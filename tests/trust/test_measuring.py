"""The passes over all planes, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored


def scene(shape, seed=0):
    """Blobs, the same in every plane, under noise; noisy and a fair restoration."""
    field = gaussian_filter(default_rng(seed).normal(size=shape[-2:]), 3)
    clean = np.broadcast_to(1000 + 200 * field / field.std(), shape)
    noisy = clean + default_rng(seed + 1).normal(0, 100, shape)
    restored = clean + 0.05 * (noisy - clean)
    return noisy.astype(np.float32), restored.astype(np.float32)


class Endless:
    """A long stack that exists plane by plane, as a file does."""

    def __init__(self, n, pixels):
        self.shape, self.dtype, self.pixels = (n, *pixels.shape[1:]), pixels.dtype, pixels

    def __getitem__(self, key):
        return self.pixels[key[0] % len(self.pixels)]


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
def test_memory_does_not_grow_with_the_file(axes):
    noisy, restored = scene((4, 96, 96))
    peaks = []
    for n in (550, 3000):
        tracemalloc.start()
        judge_restored(*(Stack(Endless(n, one), axes) for one in (noisy, restored)), max_planes=16)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 4e6
