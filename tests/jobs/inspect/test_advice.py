"""Advice follows from what was measured and from the rows of methods.

It warns where training cannot help, and spells its options for a shell and for Python.
"""

import shlex
from hashlib import sha256

import numpy as np
import pytest
from noisy_frames import frames, noise, smooth
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.jobs.inspect.advice import advise, training_command
from n2v_tools.methods import table
from n2v_tools.methods.row import Row
from n2v_tools.noise.changes import look_at_movie
from n2v_tools.noise.overview import look_at_noise
from n2v_tools.stack import Stack
from n2v_tools.words import in_python

MEASURED = {}  # what tests of other methods measured on the same data


def advice(counts, axes="TYX"):
    stack = Stack(counts, axes)
    data = axes, counts.shape, counts.dtype, sha256(counts.tobytes()).hexdigest()
    if data not in MEASURED:
        MEASURED[data] = look_at_noise(stack, float(counts.mean())), look_at_movie(stack)
    seen, movie = MEASURED[data]
    return advise(stack, seen, float(counts.std()), n_pixels=counts.size, movie=movie)


@pytest.fixture
def known(monkeypatch):
    """Let the table hold some rows only."""

    def hold(*rows):
        monkeypatch.setattr(table, "learning_rows", lambda: rows)

    return hold


@pytest.fixture
def stills_only(known):
    known(*(row for row in table.learning_rows() if row.data == "stills"))


@pytest.mark.parametrize(
    ("width", "options"),
    [
        ((1, 1), {}),
        ((1, 3), {"struct_mask": "horizontal:5"}),
        ((5, 1), {"struct_mask": "vertical:9"}),
    ],
)
def test_the_mask_is_what_the_noise_asks_for(width, options):
    found = advice(frames(width=width))
    assert found.options == options
    assert ("structn2v" in found.reasons["method"]) == bool(options)


def test_3d_is_advised_where_planes_are_alike_and_noise_rules():
    noisy = frames(32, sigma=300, edge=128)
    found = advice(noisy, "ZYX")
    assert found.options == {"patch": (16, 64, 64)}
    assert advice(frames(32, sigma=20, edge=128), "ZYX").options == {}
    assert "patch" not in advice(noise((32, 128, 128)).astype(np.float32), "ZYX").options
    empty = np.tile(noise((16, 128, 128)), (2, 1, 1)).astype(np.float32)
    assert "patch" not in advice(empty, "ZYX").options
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
    assert found.options == {}
    assert any("offsets" in warning and "median" in warning for warning in found.warnings)


def test_squeezed_levels_are_warned_of_and_few_photons_are_not():
    squeezed = np.rint(default_rng(2).normal(800, 0.5, (4, 128, 128)))
    assert any("compressed" in w for w in advice(squeezed.astype(np.float32)).warnings)
    counted = default_rng(2).poisson(np.broadcast_to(smooth(128) / 400, (4, 128, 128)))
    assert not any("grey level" in w for w in advice(counted.astype(np.float32)).warnings)


def test_hot_pixels_are_warned_of_with_a_remedy():
    counts = frames(6)
    counts[:, 40, 40] += 3000
    (warning,) = [w for w in advice(counts).warnings if "hot" in w]
    assert warning.startswith("1 pixel is hot") and "dark frame" in warning


@pytest.mark.parametrize("width", [(1, 1), (1, 3)])
def test_long_movies_are_learned_through_time_whatever_a_frame_shares(width):
    found = advice(frames(32, width, edge=128))
    assert found.options == {"method": "video"}
    assert found.reasons["method"].startswith("video")
    assert "method" not in advice(frames(31, width, edge=128)).options
    assert "method" not in advice(frames(32, width, edge=128), "ZYX").options


@pytest.mark.parametrize("width", [(1, 1), (1, 3)])
def test_without_a_method_for_movies_they_are_stills(width, stills_only):
    assert "method" not in advice(frames(32, width, edge=128)).options


def test_other_methods_of_the_same_data_are_named():
    reason = advice(frames(32, edge=128)).reasons["method"]
    assert "n2n suits such movies too" in reason and "deepcad suits such movies too" in reason


def test_movies_of_several_channels_are_told_why_not():
    both = np.stack([frames(32, edge=96), frames(32, edge=96)], axis=1)
    found = advice(both, "TCYX")
    assert found.options["method"] == "n2v"
    assert "one channel, not 2" in found.reasons["method"]


def test_movies_whose_frames_share_noise_are_not():
    smeared = ndimage.uniform_filter1d(frames(40, edge=128), 3, axis=0)
    found = advice(smeared)
    assert found.options["method"] == "n2v"
    assert "share noise" in found.reasons["method"]
    wide = advice(ndimage.uniform_filter1d(frames(40, (1, 3), edge=128), 3, axis=0))
    assert list(wide.options)[:2] == ["method", "struct_mask"]
    assert wide.options["method"] == "structn2v"


def test_neither_are_movies_of_copies_nor_those_that_jerk():
    copied = np.repeat(frames(40, edge=128), 2, axis=0)
    assert advice(copied).options == {"method": "n2v"}
    assert "not 3D over T" in advice(copied).reasons["patch"]
    rng = default_rng(0)
    jerking = np.stack([np.roll(f, rng.integers(-6, 7, 2), (0, 1)) for f in frames(40, edge=128)])
    found = advice(jerking)
    assert found.options["method"] == "n2v"
    assert "moves" in found.reasons["method"]


@pytest.mark.parametrize("period", [2, 3])
def test_neither_are_channels_or_depths_that_were_saved_as_time(period):
    rng, still = default_rng(1), [smooth(96, seed=10 + s) for s in range(period)]
    movie = rng.poisson([still[t % period] for t in range(36)]).astype(np.float32)
    found = advice(movie)
    assert found.options["method"] == "n2v"
    assert f"more alike {period} apart" in found.reasons["method"]


def foreign(**values):
    """A method of another package."""
    return Row("theirs", "", "", "there:Method", data="movie", advice="it is new", **values)


def test_a_method_of_another_package_is_advised_for_the_movies_that_its_row_asks_for(known):
    known(*table.learning_rows(), foreign(auto_frames=40))
    assert advice(frames(40, edge=128)).options == {"method": "theirs"}
    assert advice(frames(40, edge=128)).reasons["method"].startswith("theirs: it is new")
    assert advice(frames(39, edge=128)).options == {"method": "video"}


def test_a_method_that_takes_channels_is_advised_where_others_do_not(known):
    known(*table.learning_rows(), foreign(auto_frames=20))
    both = np.stack([frames(32, edge=96), frames(32, edge=96)], axis=1)
    assert advice(both, "TCYX").options == {"method": "theirs"}
    known(*table.learning_rows(), foreign(auto_frames=8))
    assert not any("too few" in warning for warning in advice(frames(9, edge=96)).warnings)


def test_advice_is_spelt_for_a_shell_and_for_python():
    options = {"axes": "TZYX", "method": "n2v", "patch": (16, 64, 64), "depth": "T"}
    command = training_command("a b.tif", options)
    assert shlex.split(command)[:5] == ["n2v-train", "--stack", "a b.tif", "--axes", "TZYX"]
    assert command.endswith("--method n2v --patch 16,64,64 --depth T")
    call = in_python(training_command)("stack", options)
    assert call == "train(stack, axes='TZYX', method='n2v', patch=(16, 64, 64), depth='T')"
