"""A quick look warns of a training that its noise speaks against, and of nothing else."""

import numpy as np
import pytest
from noisy_frames import frames
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.noise.quick_look import advise_movie_training, advise_training
from n2v_tools.stack import Stack


@pytest.mark.parametrize(
    ("width", "struct_mask", "word"),
    [
        ((1, 3), "none", "--struct-mask auto"),
        ((1, 3), "auto", ""),
        ((1, 3), "horizontal:5", ""),
        ((1, 1), "none", ""),
        ((1, 1), "horizontal:5", "leave it out"),
    ],
)
def test_a_training_against_its_noise_is_warned_of(width, struct_mask, word):
    found = advise_training(Stack(frames(width=width), "TYX"), struct_mask=struct_mask)
    if word:
        assert len(found) == 1 and word in found[0]
    else:
        assert found == []


def test_a_training_on_squeezed_levels_and_on_smeared_planes_is_warned_of():
    squeezed = np.rint(default_rng(2).normal(800, 0.5, (4, 128, 128))).astype(np.uint16)
    assert "compressed" in advise_training(Stack(squeezed, "ZYX"))[0]
    smeared = ndimage.uniform_filter1d(frames(9), 3, axis=0)
    assert any("2D patches" in w for w in advise_training(Stack(smeared, "ZYX"), depth_axis="Z"))
    assert advise_training(Stack(smeared, "ZYX")) == []


def test_nothing_is_said_of_what_cannot_be_measured():
    assert advise_training(Stack(np.zeros((4, 64, 64), np.uint16), "ZYX")) == []
    assert advise_training(Stack(default_rng(0).normal(0, 1, (9, 9)), "YX")) == []


def test_a_movie_whose_frames_share_noise_is_warned_of_with_another_method():
    smeared = ndimage.uniform_filter1d(frames(40, edge=160), 3, axis=0)
    (found,) = advise_movie_training(Stack(smeared, "TYX"), "this", "other")
    assert "--method this" in found and "--method other" in found
    assert advise_movie_training(Stack(frames(40, (1, 3), edge=160), "TYX"), "this", "other") == []


def test_few_frames_are_warned_of():
    (found,) = advise_movie_training(Stack(frames(9, edge=96), "TYX"), "this", "other")
    assert found.startswith("9 frames are few")


class OnlyTheMiddle:
    """An array that refuses to be read outside the middle 128 px."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, key):
        assert key[1:] == (slice(36, 164), slice(36, 164))
        return self.array[key]


def test_of_a_movie_the_middle_is_read():
    stack = Stack(OnlyTheMiddle(frames(40, edge=200)), "TYX")
    assert advise_movie_training(stack, "this", "other") == []
