"""The original's inference, against a plain restatement of it that holds everything at once."""

import math

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.errors import SettingsError, StackError
from n2v_tools.methods.deepcad.net import DeepCADNet
from n2v_tools.methods.deepcad.original import (
    OriginalRestorer,
    OriginalSettings,
    brightness_factor,
    cover_axis,
)
from n2v_tools.modelfolder import read_model, write_config
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A Restorer and its net of normalised values."""
    folder = tmp_path_factory.mktemp("model")
    settings = DeepCADNet(3, depth=1, first_filters=2)
    write_config(folder, settings, axes="TYX", means=[7], stds=[10], method="deepcad")
    net = settings.build(seed=2)
    net.save_weights(folder / "weights_best.h5")
    return open_restorer(read_model(folder), "float32", "tensorflow"), net


def restated(movie, net, patch, overlap, std):
    """Section by section what the original does, the whole movie at hand."""
    mean = movie.mean(dtype=np.float64)
    out = np.full(movie.shape, np.nan)
    gap = int(patch * (1 - overlap))
    cut = (patch - gap) / 2
    counts = [math.ceil((n - patch + gap) / gap) for n in movie.shape]
    for k in np.ndindex(*counts):
        starts = [
            n - patch if i == m - 1 else i * gap
            for i, m, n in zip(k, counts, movie.shape, strict=True)
        ]
        tile = tuple(slice(s, s + patch) for s in starts)
        y = np.asarray(net(((movie[tile] - mean) / std)[None, ..., None].astype(np.float32)))
        y = y[0, ..., 0] * std + mean
        keep = tuple(
            slice(
                0 if i == 0 else int(s + cut),
                n if i == m - 1 else int(s + patch - cut),
            )
            for i, m, n, s in zip(k, counts, movie.shape, starts, strict=True)
        )
        core = y[tuple(slice(w.start - s, w.stop - s) for w, s in zip(keep, starts, strict=True))]
        out[keep] = core * np.sqrt(movie[keep].sum() / core.sum())
    return out


def restore(movie, restorer, axes="TYX", **options):
    restored = np.full(movie.shape, np.nan, np.float32)
    written = []

    def write(place, plane):
        written.append(tuple(place[axis] for axis in axes[:-2]))
        restored[written[-1]] = plane

    settings = OriginalSettings(True, **options)
    restore_stack(Stack(movie, axes), OriginalRestorer(restorer, settings), write)
    assert len(written) == len(set(written)) == math.prod(movie.shape[:-2])
    return restored


@pytest.mark.parametrize(("patch", "overlap"), [(16, 0.33), (15, 0.6), (12, 0.25)])
def test_numbers_are_those_of_the_restatement(tiny, patch, overlap):
    restorer, net = tiny
    movie = default_rng(0).poisson(40, (40, 37, 33)).astype(np.uint16)
    restored = restore(movie, restorer, patch_px=(patch,) * 3, overlap=overlap)
    expected = restated(movie, net, patch, overlap, 10)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(restored, expected, atol=1e-3 * expected.std())


def test_every_plane_of_a_volume_is_a_movie_with_a_mean_of_its_own(tiny):
    restorer, net = tiny
    movies = default_rng(1).poisson([[[[20]], [[90]]]], (20, 2, 18, 18)).astype(np.uint16)
    restored = restore(movies, restorer, "TZYX", patch_px=(16,) * 3, overlap=0.5)
    for z in range(2):
        expected = restated(movies[:, z], net, 16, 0.5, 10)
        np.testing.assert_allclose(restored[:, z], expected, atol=1e-3 * expected.std())


def test_the_published_example_of_tiles():
    assert [piece[0] for piece in cover_axis(40, 16, 0.33)] == [0, 10, 20, 24]
    written = [(w.start, w.stop) for _, _, w in cover_axis(40, 16, 0.33)]
    assert written == [(0, 13), (13, 23), (23, 33), (27, 40)]


def test_no_pixel_is_left_unwritten():
    for size in range(8, 70):
        for edge in range(8, size + 1):
            for overlap in (0, 0.25, 0.33, 0.6):
                pieces = cover_axis(size, edge, overlap)
                written = np.zeros(size, bool)
                for start, kept, place in pieces:
                    assert 0 <= kept.start < kept.stop <= edge
                    assert (start + kept.start, start + kept.stop) == (place.start, place.stop)
                    written[place] = True
                assert written.all()


def test_an_axis_shorter_than_a_tile_is_one_tile(tiny):
    restorer, _ = tiny
    movie = default_rng(0).poisson(40, (9, 20, 20)).astype(np.uint16)
    assert np.isfinite(restore(movie, restorer)).all()
    with pytest.raises(StackError, match="legacy_rescale"):
        restore(movie[:1], restorer)


def test_brightness_that_is_no_number_is_left_as_it_is():
    assert brightness_factor(np.full(4, 9.0), np.full(4, 4.0)) == 1.5
    assert brightness_factor(np.full(4, 9.0), np.full(4, -4.0)) == 1
    assert brightness_factor(np.zeros(4), np.ones(4)) == 1


def test_impossible_tiles_are_refused(tiny):
    with pytest.raises(SettingsError, match="patch_px"):
        OriginalSettings(patch_px=(4, 64, 64))
    with pytest.raises(SettingsError, match="overlap"):
        OriginalSettings(overlap=1.0)
    movie = Stack(np.ones((64, 64, 64), np.uint16), "TYX")
    with pytest.raises(SettingsError, match="--memory 1MB"):
        original = OriginalRestorer(tiny[0], OriginalSettings(True))
        restore_stack(movie, original, print, memory_bytes=10**6)
