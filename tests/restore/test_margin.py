"""Nets that must not see zeros meet a field reflected as far as they look; tiles equal whole."""

import dataclasses
import functools

import numpy as np
import pytest
from numpy.random import default_rng
from restore_fakes import Filter, box_mean

from n2v_tools import openvino_backend
from n2v_tools.methods.deepcad.net import DeepCADNet
from n2v_tools.modelfolder import read_model, write_config
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.restore.cover import cover, padded_indices, plan_tiles
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

ENGINES = ["tensorflow"] + ["openvino"] * openvino_backend.available()


@dataclasses.dataclass
class WithMargin(Filter):
    """A filter that must not see the zeros beyond the border."""

    @property
    def margin_px(self):
        return tuple(-(-reach // self.block) * self.block for reach in self.reach_px)


@pytest.mark.parametrize("block", [1, 4])
@pytest.mark.parametrize("halo_blocks", [1, 3])
@pytest.mark.parametrize("margin_blocks", [1, 3, 5])
def test_every_pixel_is_written_once_whatever_the_margin(block, halo_blocks, margin_blocks):
    halo, margin = halo_blocks * block, margin_blocks * block
    for size in range(1, 50):
        n_padded = len(padded_indices(size, block, margin))
        assert n_padded % block == 0 and n_padded >= size + 2 * margin
        for edge in range(2 * halo + block, n_padded + block, block):
            written = np.zeros(size, int)
            windows = cover((size,), (edge,), (halo,), (block,), (margin,))
            for window in windows:
                read, keep, write = window.read[0], window.keep[0], window.write[0]
                written[write] += 1
                assert 0 <= read.start < read.stop <= n_padded
                assert read.start % block == 0
                assert read.start + keep.start == write.start + margin
                assert keep.stop > keep.start
            assert (written == 1).all()


def test_what_is_short_is_reflected_again_and_a_single_frame_repeated():
    np.testing.assert_array_equal(padded_indices(3, 1, 4), [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2][0:11])
    assert not padded_indices(1, 8, 48).any()


@pytest.mark.parametrize("memory", [None, 3])
@pytest.mark.parametrize("shape", [(37, 41, 30), (1, 40, 33), (3, 5, 50), (90, 12, 12)], ids=str)
def test_the_whole_is_the_reflected_movie_cropped(shape, memory):
    movie = default_rng(0).normal(100, 10, shape).astype(np.float32)
    restorer = WithMargin(box_mean(7), axes="TYX", reach=7, block=4)
    restored = restore(movie, restorer, memory)
    whole = box_mean(7)(np.pad(movie, 16, mode="reflect"))[16:-16, 16:-16, 16:-16]
    np.testing.assert_allclose(restored, whole, rtol=1e-5)
    assert memory is None or restorer.n_tiles > 1


def test_without_a_margin_the_border_sees_zeros():
    movie = np.full((20, 20, 20), 100, np.float32)
    assert restore(movie, Filter(box_mean(7), axes="TYX", reach=7, block=4))[0, 0, 0] < 90
    assert restore(movie, WithMargin(box_mean(7), axes="TYX", reach=7, block=4)).min() > 99.99


def test_the_plan_counts_what_the_margin_costs():
    plan = plan_tiles((64, 64, 64), (48,) * 3, (8,) * 3, 1, 10**8, margin=(48,) * 3)
    assert plan.tile_px == (160, 160, 160)
    assert plan.work_ratio == pytest.approx(2.5**3)


@functools.cache
def deepcad_model(folder, depth):
    """A tiny DeepCAD model whose output has about the spread of its input."""
    settings = DeepCADNet(3, depth=depth, first_filters=2)
    write_config(folder, settings, axes="TYX", means=[100], stds=[10], method="deepcad")
    net = settings.build(seed=1)
    for layer in net.layers:
        if layer.get_weights():
            kernel, bias = layer.get_weights()
            layer.set_weights([2.5 * kernel, bias])
    net.save_weights(folder / "weights_best.h5")
    return read_model(folder), net


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("depth", "shape", "memory"),
    [
        (1, (37, 50, 41), {"tensorflow": 10, "openvino": 5.5}),
        (1, (1, 24, 30), {"tensorflow": 10, "openvino": 5.5}),
        (3, (9, 30, 130), {"tensorflow": 200, "openvino": 72}),
    ],
    ids=["long", "one frame", "depth 3"],
)
def test_deepcad_in_tiles_equals_the_reflected_movie_in_one_piece(
    engine, depth, shape, memory, tmp_path
):
    model, net = deepcad_model(tmp_path, depth)
    restorer = open_restorer(model, "float32", engine)
    movie = default_rng(0).normal(100, 10, shape).astype(np.float32)
    reach = {1: 16, 3: 56}[depth]  # a little farther than the net sees
    pads = [(reach, reach + -size % 8) for size in shape]
    whole = net(((np.pad(movie, pads, mode="reflect") - 100) / 10)[None, ..., None])
    t, y, x = (slice(reach, reach + size) for size in shape)
    expected = np.asarray(whole)[0, t, y, x, 0] * 10 + 100
    assert expected.std() > 0.1
    seen = []
    predict = restorer.predict
    restorer.predict = lambda tiles, at: (seen.append(tiles.shape), predict(tiles))[1]
    restored = restore(movie, restorer, memory[engine])
    assert restored.shape == movie.shape
    assert len(seen) > 1 or shape[0] == 1
    assert np.abs(restored - expected).max() <= 1e-4 * expected.std()


def restore(movie, restorer, memory=None):
    restored = np.full(movie.shape, np.nan, np.float32)

    def write(place, plane):
        restored[place["T"]] = plane

    memory_bytes = None if memory is None else int(memory * 10**6)
    restore_stack(Stack(movie, "TYX"), restorer, write, memory_bytes=memory_bytes)
    return restored
