"""Quality of a restored stack: axes, channels, memory, what is refused."""

import json

import numpy as np
import pytest
from blobs import scene

from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored


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


@pytest.mark.parametrize("value", [0, 77])
def test_a_channel_without_an_image_that_was_left_as_it_is_does_not_count(value):
    noisy, restored = scene((3, 128, 96))
    noisy[1] = restored[1] = value
    found = judge_restored(Stack(noisy, "CYX"), Stack(restored, "CYX"))
    assert found.overall.name == "good"
    assert found.facts["channels"] == ["good", "good"]


def test_equal_seeds_give_equal_answers():
    noisy, restored = (Stack(a, "YX") for a in scene((1100, 160)))
    one, other = (judge_restored(noisy, restored, seed=3).to_json() for _ in range(2))
    assert one == other
