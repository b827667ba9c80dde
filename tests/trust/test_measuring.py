"""The passes over all planes, in bounded memory."""

import tracemalloc

import pytest
from blobs import scene

from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored


class Endless:
    """A long stack that exists plane by plane, as a file does."""

    def __init__(self, n, pixels):
        self.shape, self.dtype, self.pixels = (n, *pixels.shape[1:]), pixels.dtype, pixels

    def __getitem__(self, key):
        return self.pixels[key[0] % len(self.pixels)]


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
def test_memory_does_not_grow_with_the_file(axes):
    noisy, restored = scene((4, 64, 64))
    peaks = []
    for n in (500, 1500):
        tracemalloc.start()
        judge_restored(*(Stack(Endless(n, one), axes) for one in (noisy, restored)), max_planes=16)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 2e6  # 1000 planes more are 8 MB of uint16
