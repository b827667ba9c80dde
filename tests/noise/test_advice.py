"""Advice follows from what was measured, and warns where training cannot help."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.noise.advice import advise, advise_training
from n2v_tools.noise.movie import look_at_movie
from n2v_tools.noise.overview import look_at_noise
from n2v_tools.stack import Stack


def clean(edge=256):
    smooth = ndimage.gaussian_filter(default_rng(9).normal(size=(edge, edge)), 6)
    return 300 + 400 * (smooth - smooth.min()) / np.ptp(smooth)


def noise(shape, width=(1, 1), seed=0):
    white = default_rng(seed).normal(0, 1, shape)
    size = (1,) * (len(shape) - 2) + width
    coloured = ndimage.uniform_filter(white, size, mode="wrap")
    return coloured / coloured.std()


def frames(n=6, width=(1, 1), sigma=40.0, edge=256):
    return (clean(edge) + sigma * noise((n, edge, edge), width)).astype(np.float32)


def advice(counts, axes="TYX", methods=()):
    stack = Stack(counts, axes)
    seen = look_at_noise(stack, float(counts.mean()))
    movie = look_at_movie(stack)
    n = counts.size
    return advise(stack, seen, float(counts.std()), n_pixels=n, movie=movie, methods=methods)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        ((1, 1), ()),
        ((1, 3), ("--struct-mask", "horizontal:5")),
        ((5, 1), ("--struct-mask", "vertical:9")),
    ],
)
def test_the_mask_is_what_the_noise_asks_for(width, words):
    found = advice(frames(width=width))
    assert found.words == words
    assert ("structn2v" in found.reasons["method"]) == bool(words)


def test_3d_is_advised_where_planes_are_alike_and_noise_rules():
    noisy = frames(32, sigma=300, edge=128)
    found = advice(noisy, "ZYX")
    assert found.words == ("--patch", "16,64,64")
    assert advice(frames(32, sigma=20, edge=128), "ZYX").words == ()
    assert "--patch" not in advice(noise((32, 128, 128)).astype(np.float32), "ZYX").words
    empty = np.tile(noise((16, 128, 128)), (2, 1, 1)).astype(np.float32)
    assert "--patch" not in advice(empty, "ZYX").words
    smeared = ndimage.uniform_filter1d(noisy, 3, axis=0)
    assert "share noise" in advice(smeared, "ZYX").reasons["patch"]


def test_every_choice_has_its_reason():
    assert set(advice(frames()).reasons) == {"method", "mask", "patch", "preset"}
    assert all(advice(frames()).reasons.values())


def test_too_few_frames_are_warned_of_in_movies_only():
    assert any("frames are too few" in warning for warning in advice(frames(6)).warnings)
    assert not any("frames" in warning for warning in advice(frames(6), "ZYX").warnings)
    assert not any("frames" in w for w in advice(frames(40, edge=64)).warnings)


def test_movies_whose_motion_was_corrected_are_warned_of():
    rng = default_rng(1)
    moved = [ndimage.shift(f, rng.random(2), order=1, mode="reflect") for f in frames(12)]
    warnings = advice(np.stack(moved)).warnings
    assert any("motion" in warning for warning in warnings)
    assert not any("motion" in warning for warning in advice(frames(12)).warnings)


def test_sharpened_images_are_warned_of():
    sharpened = frames() - 0.9 * ndimage.uniform_filter1d(frames(), 3, axis=2)
    assert any("raw file" in warning for warning in advice(sharpened, "ZYX").warnings)
    assert not any("raw file" in warning for warning in advice(frames(), "ZYX").warnings)


def test_rows_with_offsets_are_to_be_mended_first():
    counts = frames() + 60 * default_rng(3).normal(size=(6, 256, 1)).astype(np.float32)
    found = advice(counts, "ZYX")
    assert found.words == ()
    assert any("offsets" in warning and "median" in warning for warning in found.warnings)


def test_squeezed_levels_are_warned_of_and_few_photons_are_not():
    squeezed = np.rint(default_rng(2).normal(800, 0.5, (4, 128, 128)))
    assert any("compressed" in w for w in advice(squeezed.astype(np.float32)).warnings)
    counted = default_rng(2).poisson(np.broadcast_to(clean(128) / 400, (4, 128, 128)))
    assert not any("grey level" in w for w in advice(counted.astype(np.float32)).warnings)


def test_hot_pixels_are_warned_of_with_a_remedy():
    counts = frames(6)
    counts[:, 40, 40] += 3000
    (warning,) = [w for w in advice(counts).warnings if "hot" in w]
    assert warning.startswith("1 pixel is hot") and "dark frame" in warning


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


MOVIES = ("n2v", "n2v2", "n2n", "video")


@pytest.mark.parametrize("width", [(1, 1), (1, 3)])
def test_long_movies_are_learned_through_time_whatever_a_frame_shares(width):
    found = advice(frames(32, width, edge=128), methods=MOVIES)
    assert found.words == ("--method", "video")
    assert found.reasons["method"].startswith("video")
    assert "--method" not in advice(frames(32, width, edge=128)).words
    assert "--method" not in advice(frames(31, width, edge=128), methods=MOVIES).words
    assert "--method" not in advice(frames(32, width, edge=128), "ZYX", MOVIES).words


def test_movies_of_several_channels_are_told_why_not():
    both = np.stack([frames(32, edge=96), frames(32, edge=96)], axis=1)
    found = advice(both, "TCYX", MOVIES)
    assert found.words[:2] == ("--method", "n2v")
    assert "one channel, not 2" in found.reasons["method"]


def test_movies_whose_frames_share_noise_are_not():
    smeared = ndimage.uniform_filter1d(frames(40, edge=128), 3, axis=0)
    found = advice(smeared, methods=MOVIES)
    assert found.words[:2] == ("--method", "n2v")
    assert "share noise" in found.reasons["method"]
    wide = ndimage.uniform_filter1d(frames(40, (1, 3), edge=128), 3, axis=0)
    assert advice(wide, methods=MOVIES).words[:3] == ("--method", "structn2v", "--struct-mask")


def test_neither_are_movies_of_copies_nor_those_that_jerk():
    copied = np.repeat(frames(40, edge=128), 2, axis=0)
    assert advice(copied, methods=MOVIES).words == ("--method", "n2v")
    assert "not 3D over T" in advice(copied).reasons["patch"]
    rng = default_rng(0)
    jerking = np.stack([np.roll(f, rng.integers(-6, 7, 2), (0, 1)) for f in frames(40, edge=128)])
    found = advice(jerking, methods=MOVIES)
    assert found.words[:2] == ("--method", "n2v")
    assert "moves" in found.reasons["method"]
