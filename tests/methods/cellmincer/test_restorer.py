"""A restored movie: every pixel is where it was, tiles are as the whole, and ends are no copies."""

import dataclasses

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.cellmincer.looks import MovieFacts, Preparing
from n2v_tools.methods.cellmincer.net import CellMincerNet
from n2v_tools.methods.cellmincer.one_piece import exact_padding
from n2v_tools.methods.cellmincer.restorer import CellMincerRestorer, Runs, mirrored
from n2v_tools.methods.cellmincer.section import Record
from n2v_tools.methods.cellmincer.sizes import EMBEDDING, TIME
from n2v_tools.restore.keras_engine import restore_with_tensorflow
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

SHAPE = CellMincerNet(
    n_dim=2, depth=2, first_filters=2, n_convs=3, n_features=0, time_layers=1, corners=True
)
PREPARING = Preparing(features="none")


def restorer_of(shape, net, copied=False):
    engine = restore_with_tensorflow(
        shape, net, "float32", axes="YX", means=None, stds=None, name="m"
    )
    record = Record(shape, dataclasses.replace(PREPARING), copied)
    return CellMincerRestorer(Runs(engine, record), record, MovieFacts(record.preparing))


def passing_on(shape):
    """A net that gives back each pixel above 0 as it is."""
    net = shape.build()
    for weight in net.trainable_weights:
        weight.assign(np.zeros(weight.shape, np.float32))
    found = net.get_layer(EMBEDDING)
    for block, number in ((found.down[0], 0), (found.up[-1], shape.first_filters)):
        for i, conv in enumerate(block.convs):
            kernel = np.zeros(conv.kernel.shape, np.float32)
            kernel[1, 1, number if i == 0 else 0, 0] = 1
            conv.kernel.assign(kernel)
    head = net.get_layer(TIME)
    for conv in (*head.convs, head.mix, head.last):
        kernel = np.zeros(conv.kernel.shape, np.float32)
        kernel[kernel.shape[0] // 2, 0, 0, 0] = 1
        conv.kernel.assign(kernel)
    return net


def random(shape):
    net = shape.build(seed=3)
    rng = np.random.default_rng(0)
    for weight in net.trainable_weights:
        if "bias" in weight.name:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    return net


def restore(restorer, movie, **options):
    out = np.full(movie.shape, np.nan, np.float32)

    def write(place, plane):
        out[place["T"]] = plane

    report = restore_stack(Stack(movie, "TYX"), restorer, write, **options)
    return out, report


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("size", [32, 33, 34, 35])
def test_an_impulse_stays_where_it_was_for_any_size(size, corners):
    shape = dataclasses.replace(SHAPE, corners=corners)
    movie = np.full((16, size, size + 1), 100, np.float32)
    places = [(0, 0), (size - 1, size), (size // 2, 3)]
    for y, x in places:
        movie[8, y, x] += 900
    restored, _ = restore(
        restorer_of(shape, passing_on(shape)), movie, keep_strips=True, hot="fill"
    )
    lit = np.argwhere(restored[8] > 500)
    assert sorted(map(tuple, lit.tolist())) == sorted(places)
    np.testing.assert_allclose(restored[8], movie[8], atol=60)


def test_tiles_are_as_the_whole_where_images_are_doubled_between_centres():
    shape = dataclasses.replace(SHAPE, corners=False)
    movie = np.random.default_rng(0).normal(500, 30, (20, 101, 90)).astype(np.float32)
    restorer = restorer_of(shape, random(shape))
    whole, one = restore(restorer, movie)
    tiled, many = restore(restorer, movie, memory_bytes=int(5e6))
    assert np.prod(many.tile_px) < 0.6 * np.prod(one.tile_px)
    np.testing.assert_allclose(tiled, whole, atol=2e-4 * whole.std())


def test_whole_planes_are_padded_by_exactly_what_goes_through():
    for size in range(30, 75):
        before, after = exact_padding(size, SHAPE)
        assert before == {0: 31, 1: 30, 2: 30, 3: 31}[size % 4]
        assert SHAPE.takes(before + size + after)
    movie = np.random.default_rng(0).normal(500, 30, (9, 34, 45)).astype(np.float32)
    restorer = restorer_of(SHAPE, random(SHAPE))
    assert restorer.own_cover(movie.shape, None).tile_px == (9, 94, 106)
    with pytest.raises(SettingsError, match="whole frames"):
        restorer.own_cover(movie.shape, 10**5)


def test_the_first_and_last_frames_are_restored_and_copied_only_as_published():
    shape = dataclasses.replace(SHAPE, corners=False)
    movie = np.random.default_rng(0).normal(500, 30, (14, 24, 24)).astype(np.float32)
    own, _ = restore(restorer_of(shape, passing_on(shape)), movie)
    assert all(np.abs(own[t] - own[t + 1]).max() > 0 for t in range(13))
    copied, _ = restore(restorer_of(shape, passing_on(shape), copied=True), movie)
    for t in (0, 1):
        np.testing.assert_array_equal(copied[t], copied[2])
        np.testing.assert_array_equal(copied[-1 - t], copied[-3])
    np.testing.assert_array_equal(copied[2:-2], own[2:-2])


@pytest.mark.parametrize("n_frames", [1, 2, 5, 30])
def test_no_frame_stands_among_its_own_neighbours(n_frames):
    for number in range(n_frames):
        around = mirrored(number, 6, n_frames)
        assert len(around) == 13 and around[6] == number
        if n_frames > 1:
            assert number not in around[:6] + around[7:]
        assert 0 <= min(around) and max(around) < n_frames
    if n_frames == 30:
        assert mirrored(1, 6, 30)[:6] == [7, 6, 5, 4, 3, 0]


def test_uncertainty_is_refused_with_the_reason():
    assert "features" in restorer_of(SHAPE, passing_on(SHAPE)).no_uncertainty
