"""Channels without an image stop nobody: a training leaves them out, a model as they are."""

import io

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import api
from n2v_tools.contracts import RESTORED, Output, Restorer
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.channels import without_idle
from n2v_tools.modelfolder import read_model
from n2v_tools.restore.left_channels import WithLeftChannels
from n2v_tools.restore.training_data import check_fit
from n2v_tools.stack import Stack

QUICK = {
    "unet_n_first": 2, "unet_n_depth": 1, "precision": "float32", "epochs": 1,
    "steps_per_epoch": 2, "n_patches": 20,
}  # fmt: skip


def channels(n, *idle, value=0, seed=0):
    """Counts (C, Y, X), with channels that hold one value."""
    pixels = default_rng(seed).poisson(80, (n, 80, 96)).astype(np.uint16)
    pixels[list(idle)] = value
    return pixels


def heard_of(*arrays):
    stream = io.StringIO()
    stacks = [Stack(array, "CYX", name=f"{i}.tif") for i, array in enumerate(arrays)]
    return *without_idle(stacks, Progress(stream=stream)), stream.getvalue()


def test_what_all_stacks_lack_is_left_out_of_each():
    (one, other), left, heard = heard_of(channels(4, 1, 2), channels(4, 1, 2, value=7))
    assert left == (1, 2)
    np.testing.assert_array_equal(np.asarray(one), channels(4)[[0, 3]])
    assert other.sizes["C"] == 2
    assert "0.tif: channel 1 is 0 throughout" in heard and "1.tif: channel 2 is 7" in heard


def test_a_stack_that_lacks_what_others_hold_is_left_out():
    (kept,), left, heard = heard_of(channels(3, 2), channels(3, 0, 2))
    assert (kept.name, left) == ("0.tif", (2,))
    assert "1.tif: channel 0 is 0 throughout, and not in other stacks" in heard


def test_stacks_in_which_every_channel_holds_an_image_are_themselves():
    stacks = [Stack(channels(3, seed=s), "CYX") for s in range(2)]
    kept, left = without_idle(stacks, Progress(quiet=True))
    assert (list(kept), left) == (stacks, ())


@pytest.mark.parametrize(("n", "idle", "value"), [(3, (1,), 0), (4, (0, 3), 90)])
def test_a_model_restores_the_others_and_leaves_these(tmp_path, n, idle, value):
    noisy = channels(n, *idle, value=value)
    model = api.train(
        noisy, "n2v", axes="CYX", patch=32, settings=QUICK, models_dir=tmp_path, model="m"
    )
    known = read_model(model.folder)
    assert (known.n_channels, known.left_channels) == (n, idle)
    restored = np.asarray(api.denoise(noisy, model, axes="CYX"))
    np.testing.assert_array_equal(restored[list(idle)], noisy[list(idle)])
    assert not check_fit(Stack(noisy, "CYX"), known)
    for c in set(range(n)) - set(idle):
        assert restored[c].std() < noisy[c].std()


def test_where_one_channel_is_left_its_model_is_one_of_single_channels(tmp_path):
    noisy = channels(2, 0)
    model = api.train(
        noisy, "n2v", axes="CYX", patch=32, settings=QUICK, models_dir=tmp_path, model="m"
    )
    assert read_model(model.folder).n_channels == 1
    restored = np.asarray(api.denoise(noisy, model, axes="CYX"))
    assert not restored[0].any() and restored[1].std() < noisy[1].std()


class Doubling(Restorer):
    """Twice its input, and three times as a second output."""

    name, axes, n_channels = "doubling", "YX", 2
    reach_px = block_px = (1, 1)
    bytes_per_px = 8

    @property
    def outputs(self):
        """Two images."""
        return (RESTORED, Output("other", "_other"))

    def predict(self, tiles, at=None):
        """Both, side by side."""
        return np.concatenate([2 * tiles, 3 * tiles], axis=-1)


@pytest.mark.parametrize("left", [(0,), (1,), (2, 3), (0, 3)])
def test_every_channel_comes_out_in_its_place(left):
    n = 2 + len(left)
    tiles = default_rng(0).random((3, 5, 4, n)).astype(np.float32)
    restorer = WithLeftChannels(Doubling(), left)
    assert restorer.n_channels == n
    restored, other = np.split(restorer.predict(tiles), 2, axis=-1)
    learned = [c for c in range(n) if c not in left]
    np.testing.assert_array_equal(restored[..., learned], 2 * tiles[..., learned])
    np.testing.assert_array_equal(restored[..., left], tiles[..., left])
    np.testing.assert_array_equal(other[..., learned], 3 * tiles[..., learned])
    assert not other[..., left].any()
