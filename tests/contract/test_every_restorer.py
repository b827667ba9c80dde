"""What every Restorer promises: that of each method behind each engine, and every filter.

A tile restored on its own is as it is in the whole, pixels act no further than is declared, what
is handed in is left as it is, and any size goes through. Nets are tiny and have random weights.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from filter_scene import SMALL as SMALL_FILTERS
from numpy.random import default_rng

from n2v_tools import openvino_backend
from n2v_tools.contracts import Where
from n2v_tools.filters.table import FILTERS, filter_for, read_settings
from n2v_tools.jobs.train.request import TrainRequest, method_for
from n2v_tools.methods.table import find_row, learning_rows
from n2v_tools.modelfolder import read_model, write_config
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.restore.brightness import Levels, Regraded
from n2v_tools.restore.cover import padded_indices
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

ENGINES = ("tensorflow", "openvino")
SMALL = {  # of any method that has such a setting
    "unet_n_first": 4, "unet_n_depth": 1, "precision": "float32", "singles": 1, "reach": 2,
    "base": 1, "levels": 1, "filters": 4, "latents": 2, "samples": 2,
}  # fmt: skip
SMALL_DEEP = {**SMALL_FILTERS, "diffusion": {"niter": 3}}
EXACT = ("median", "gaussian")  # to the last bit, in tiles as in one piece
MEAN, STD = 500.0, 40.0  # of the counts here, and of the training data
BLOCK = 32  # the first of so many frames acts farthest where they share a still image
N_FRAMES = 128  # so many let every method of movies count from what stands still


@dataclass(frozen=True)
class Subject:
    """A row of a table, and what runs it."""

    name: str
    engine: str | None = None
    axes: str = ""  # of a filter

    def __str__(self):
        return f"{self.name}-{self.engine or self.axes}"

    @property
    def is_exact(self):
        return self.engine is None and self.name in EXACT

    def open(self, models):
        """The Restorer, not yet fitted to a stack."""
        if self.engine is None:
            small = SMALL_FILTERS if len(self.axes) == 2 else SMALL_DEEP
            some = Stack(np.zeros((2,) * len(self.axes), np.float32), self.axes)
            settings = read_settings(self.name, small.get(self.name, {}))
            return filter_for(some, settings, dims=len(self.axes))
        if self.engine == "openvino" and not openvino_backend.available():
            pytest.skip("there are no OpenVINO wheels for this system")
        model = read_model(models(self.name))
        if self.engine not in model.net.engines:
            pytest.skip(f"{self.engine} cannot run this net")
        return open_restorer(model, "float32", self.engine)


SUBJECTS = [
    *itertools.starmap(
        Subject, itertools.product([row.name for row in learning_rows()], ENGINES)
    ),
    *(Subject(name, axes=axes) for name in FILTERS for axes in ("YX", "ZYX")),
]  # fmt: skip
every_restorer = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


def untrained(folder: Path, name: str) -> Path:
    """Write the model folder of a method whose net has random weights."""
    row = find_row(name)
    fields = {one.name for one in dataclasses.fields(row.load("method")().settings)}
    chosen = {key: value for key, value in SMALL.items() if key in fields}
    chosen |= {"struct_mask": "horizontal:3"} if "struct_mask" in row.settings else {}
    method = method_for(TrainRequest((), folder, method=name, settings=chosen))
    edges = method.settings.patch_px
    patch = method.window_px(N_FRAMES) if method.movie_axes else edges
    drawn = np.stack([noise(*patch, seed=seed) for seed in range(2)])[..., np.newaxis]
    method, _ = method.fitted(drawn, [MEAN], [STD])
    folder.mkdir()
    write_config(
        folder,
        method.net_settings(1),
        axes=method.movie_axes or "ZYX"[-len(edges) :],
        means=[MEAN],
        stds=[STD],
        method=method.recorded_name,
        training=method.n2v_names(),
        own=method.own_record(),
    )
    net, rng = method.build(1, seed=0), default_rng(1)
    for weight in net.trainable_weights:  # biases too, or zeros beyond the border pass unseen
        if "bias" in weight.name:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    net.save_weights(folder / "weights_best.h5")
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a function that gives the model folder of a method, written once."""
    root = tmp_path_factory.mktemp("models")
    return functools.cache(lambda name: untrained(root / name, name))


def noise(*shape, seed=0):
    """Counts around a still pattern of some contrast."""
    rng = default_rng(seed)
    y, x = (np.arange(size) for size in shape[-2:])
    pattern = 30 * np.sin(y[:, np.newaxis] / 3) * np.cos(x / 4)
    return np.rint(MEAN + pattern + rng.normal(0, STD, shape)).astype(np.float32)


def fitted(restorer, counts):
    """The Restorer as it is when it is asked for tiles of a field (..., Y, X)."""
    planes = counts.reshape(-1, *counts.shape[-2:], 1)
    sample = planes if restorer.sample_px is None else [counts[..., np.newaxis]]
    restorer = restorer.fit_intensity(iter(sample))
    for _ in range(restorer.looks_through):
        restorer = restorer.for_field(iter(planes))
    return restorer


def restore(counts, restorer, **options):
    restored = np.full(counts.shape, np.nan, np.float32)

    def write(place, plane):
        restored[tuple(place.get(axis, slice(None)) for axis in restorer.axes)] = plane

    report = restore_stack(Stack(counts, restorer.axes), restorer, write, **options)
    return restored, report


def one_piece(counts, restorer):
    """A field padded by reflection, predicted in one call, and cut to its size again."""
    margin = restorer.margin_px or (0,) * counts.ndim
    sources = [
        padded_indices(*axis) for axis in zip(counts.shape, restorer.block_px, margin, strict=True)
    ]
    tile = counts[np.ix_(*sources)][np.newaxis, ..., np.newaxis]
    places = tuple({restorer.axes[0]: int(i)} for i in sources[0]) if counts.ndim == 3 else ({},)
    at = Where(places, *sources[-2:], counts.shape[-2:])
    predicted = fitted(restorer, counts).predict(tile, at)[0, ..., 0]
    for axis, (size, block, edge) in enumerate(
        zip(counts.shape, restorer.block_px, margin, strict=True)
    ):
        before = edge or -size % block // 2
        predicted = predicted.take(range(before, before + size), axis)
    return predicted


def tolerance(subject, whole):
    if subject.engine is None:
        return {"rtol": 0 if subject.is_exact else 1e-5}
    # Counts near 500 in float32 are no finer than 1e-7 of themselves.
    return {"atol": 2e-5 * whole.std(), "rtol": 1e-6}


def field_for(restorer, sizes=(83, 90)):
    """Counts of sizes that are no multiples of the block, deeper than the reach in depth."""
    depth = () if len(restorer.axes) == 2 else (max(41, 2 * restorer.reach_px[0] + 5),)
    return noise(*depth, *(sizes if not depth else (31, 37)))


@every_restorer
def test_in_tiles_is_as_in_one_piece(subject, models):
    restorer = subject.open(models)
    counts = field_for(restorer)
    whole, one = restore(counts, restorer, memory_bytes=10**9)
    memory, many = (restorer.bytes_per_px + 32) * counts.size, one
    while np.prod(many.tile_px) >= 0.8 * np.prod(one.tile_px):  # what is held beside it varies
        tiled, many = restore(counts, restorer, memory_bytes=memory)
        memory = int(0.8 * memory)
    assert np.ptp(whole) > 0
    np.testing.assert_allclose(tiled, whole, **tolerance(subject, whole))


@every_restorer
def test_any_size_is_the_reflected_field_cut_to_it(subject, models):
    restorer = subject.open(models)
    block = max(restorer.block_px)
    deep = len(restorer.axes) == 3
    for height, width in ((block + 1, 29), (23, 2 * block + 3)):
        counts = noise(*((11,) if deep else ()), height, width)
        restored, report = restore(counts, restorer)
        margin = restorer.margin_px or (0,) * counts.ndim
        padded = [
            -(-size // block) * block + 2 * edge
            for size, block, edge in zip(counts.shape, restorer.block_px, margin, strict=True)
        ]
        assert list(report.tile_px) == padded[-len(report.tile_px) :]
        expected = one_piece(counts, restorer)
        np.testing.assert_allclose(restored, expected, **tolerance(subject, expected))


@every_restorer
def test_no_pixel_acts_further_than_is_declared_and_some_act(subject, models):
    restorer = subject.open(models)
    reach, block = restorer.reach_px, restorer.block_px
    sizes = [-(-max(4 * r, 8) // b) * b for r, b in zip(reach, block, strict=True)]
    counts = noise(*sizes)
    at = Where(
        tuple({restorer.axes[0]: i} for i in range(sizes[0])) if len(sizes) == 3 else ({},),
        np.arange(sizes[-2]), np.arange(sizes[-1]), tuple(sizes[-2:]),
    )  # fmt: skip
    one = fitted(restorer, counts)

    def predict(counts):
        return one.predict(counts[np.newaxis, ..., np.newaxis].copy(), at)[0, ..., 0]

    before = predict(counts)
    for axis, r in enumerate(reach):
        middle = sizes[axis] // 2
        rest = tuple(a for a in range(len(sizes)) if a != axis)
        for place in {middle, middle // BLOCK * BLOCK or middle}:
            other = counts.copy()
            other[(slice(None),) * axis + (place,)] += 50
            changed = np.abs(predict(other) - before) > 1e-3
            far = np.abs(np.flatnonzero(changed.any(axis=rest)) - place).max()
            assert 0 < far <= r


@every_restorer
def test_what_is_handed_in_is_left_as_it_is(subject, models):
    restorer = subject.open(models)
    depth = (12,) if len(restorer.axes) == 3 else ()
    counts = noise(*depth, 24, 32)
    before = counts.copy()
    one = fitted(restorer, counts)
    at = Where(({restorer.axes[0]: 0},) * (*depth, 1)[0], np.arange(24), np.arange(32), (24, 32))
    tile = counts[np.newaxis, ..., np.newaxis]
    first = one.predict(tile, at)
    np.testing.assert_array_equal(one.predict(tile, at), first)
    restore(counts, restorer)
    np.testing.assert_array_equal(counts, before)


@every_restorer
def test_other_grey_levels_are_taken_to_it_and_back(subject, models):
    restorer = subject.open(models)
    if subject.engine is None:
        pytest.skip("a filter finds its parameters for any grey levels")
    counts = noise(*((12,) if len(restorer.axes) == 3 else ()), 24, 32)
    expected, _ = restore(counts, restorer)
    shown = Levels(0.25, here=2100.0, there=MEAN)
    found, _ = restore(4 * (counts - MEAN) + 2100, Regraded(restorer, (shown,)))
    plane = (-2, -1)
    np.testing.assert_allclose(
        found.mean(axis=plane), 4 * (counts - MEAN).mean(axis=plane) + 2100, rtol=1e-5
    )
    found, expected = (one - one.mean(axis=plane, keepdims=True) for one in (found, expected))
    np.testing.assert_allclose(found, 4 * expected, atol=1e-3 * found.std())


@every_restorer
def test_volumes_are_cut_along_their_depth_too(subject, models):
    restorer = subject.open(models)
    if len(restorer.axes) == 2:
        pytest.skip("it takes planes")
    depth = max(80, 3 * restorer.reach_px[0])
    counts = noise(depth, 20, 22)
    whole, one = restore(counts, restorer, memory_bytes=10**9)
    memory = int(0.7 * counts.size * (restorer.bytes_per_px + 8))
    slabs, many = restore(counts, restorer, memory_bytes=memory)
    if len(one.tile_px) == 3:  # else it goes through plane by plane
        assert many.tile_px[0] < one.tile_px[0]
    np.testing.assert_allclose(slabs, whole, **tolerance(subject, whole))
