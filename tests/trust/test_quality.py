"""Quality of a restored stack: axes, channels, memory, what is refused."""

import json
import tracemalloc

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.errors import StackError
from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored


def scene(shape, seed=0):
    """Blobs, the same in every plane, under noise; noisy and a fair restoration."""
    field = gaussian_filter(default_rng(seed).normal(size=shape[-2:]), 3)
    clean = np.broadcast_to(1000 + 200 * field / field.std(), shape)
    noisy = clean + default_rng(seed + 1).normal(0, 100, shape)
    restored = clean + 0.05 * (noisy - clean)
    return noisy.astype(np.float32), restored.astype(np.float32)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("YX", (128, 96)),
        ("ZYX", (3, 96, 96)),
        ("TYX", (20, 64, 64)),
        ("TZYX", (18, 2, 64, 64)),
        ("YXC", (96, 96, 2)),
    ],
)
def test_all_axes_are_judged(axes, shape):
    if axes == "YXC":
        noisy, restored = (np.moveaxis(a, 0, 2) for a in scene((2, 96, 96)))
    else:
        noisy, restored = scene(shape)
    told = []
    found = judge_restored(
        Stack(noisy, axes),
        Stack(restored, axes),
        step=lambda done, total: told.append((done, total)),
    )
    assert found.overall.name == "good"
    json.dumps(found.to_json(), allow_nan=False)
    assert told[-1][0] == told[-1][1]
    assert ("trace_noisy" in found.curves) == ("T" in axes)
    for curve in found.curves.values():
        assert curve.size < 100_000


def test_the_worst_channel_is_told():
    noisy, restored = scene((2, 128, 128))
    restored[1] = noisy[1]
    found = judge_restored(Stack(noisy, "CYX"), Stack(restored, "CYX"))
    assert found.overall.name == "under-trained"
    assert "Channel 1 of 2" in found.overall.sentence
    assert found.facts["channels"] == ["good", "under-trained"]


def test_equal_seeds_give_equal_answers():
    noisy, restored = (Stack(a, "YX") for a in scene((1100, 160)))
    one, other = (judge_restored(noisy, restored, seed=3).to_json() for _ in range(2))
    assert one == other


def test_files_of_different_sizes_are_refused():
    noisy, restored = scene((2, 64, 64))
    with pytest.raises(StackError, match="axes ZYX of sizes 1 x 64 x 64"):
        judge_restored(Stack(noisy, "ZYX"), Stack(restored[:1], "ZYX"))


def test_strips_and_broken_pixels_do_no_harm():
    noisy, restored = scene((3, 128, 128))
    for stack in (noisy, restored):
        stack[:, :, :20] = 0
        stack[1] = 0
    restored[2, 5, 50] = np.nan
    found = judge_restored(Stack(noisy, "ZYX"), Stack(restored, "ZYX"))
    assert found.overall.name == "good"


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
