"""Samples by place: tiles agree with the whole, means with NumPy, and spread with the samples."""

import numpy as np
import pytest

from n2v_tools import api, modelfolder
from n2v_tools.contracts import Opening, Where
from n2v_tools.errors import SettingsError, UsageError
from n2v_tools.methods.hdn.ladder_engine import RunningMoments, numbers_at
from n2v_tools.methods.hdn.restorer import HDNRestoring, open_restorer
from n2v_tools.methods.hdn.section import HDNRecord
from n2v_tools.modelfolder.open import open_restorer as open_model
from n2v_tools.prepare.symmetry import symmetries
from n2v_tools.restore.brightness import Levels, Regraded
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.restore.uncertainty import fit_uncertainty
from n2v_tools.stack import Stack


@pytest.fixture(scope="module")
def model(tiny):
    """The tiny model's Restorer, opened and traced once."""
    return open_model(modelfolder.read_model(tiny[0]))


def drawing(model, seed=0, **settings):
    chosen = HDNRestoring(**settings)
    return open_restorer(Opening(model, HDNRecord(4), settings=chosen, seed=seed))


def restore(restorer, planes, **options):
    outputs = [np.full(planes.shape, np.nan, np.float32) for _ in restorer.outputs]

    def writer(out):
        def write(place, plane):
            out[place["T"]] = plane

        return write

    first, *others = map(writer, outputs)
    report = restore_stack(Stack(planes, "TYX"), restorer, first, others=others, **options)
    return outputs, report


def test_a_running_mean_and_variance_are_those_of_numpy():
    images = np.random.default_rng(0).normal(1e4, 1, (5, 6, 7, 1))
    running = RunningMoments()
    for part in (images[:2], images[2:3], images[3:]):
        running.add(part)
    np.testing.assert_allclose(running.mean, images.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(running.variance, images.var(axis=0, ddof=1), rtol=1e-9)


def test_numbers_of_a_place_are_the_same_whatever_is_asked_with_them():
    whole = numbers_at(np.arange(70), np.arange(9), 9, 3, [1, 2])
    part = numbers_at(np.array([65, 3, 40]), np.array([8, 2]), 9, 3, [1, 2])
    np.testing.assert_array_equal(part, whole[np.ix_([65, 3, 40], [8, 2])])
    assert abs(whole.std() - 1) < 0.05 and len(np.unique(whole)) > 0.99 * whole.size
    assert not np.array_equal(numbers_at(np.arange(70), np.arange(9), 9, 3, [1, 3]), whole)


def test_samples_are_kept_whose_mean_is_the_restored_image(tiny, model):
    _, _, _, noisy = tiny
    (mean, *samples), _ = restore(drawing(model, samples=3, keep_samples=3), noisy[:2])
    assert len(samples) == 3
    np.testing.assert_allclose(mean, np.mean(samples, axis=0), rtol=1e-5)
    assert np.abs(samples[0] - samples[1]).max() > 1  # each is an image of its own
    _, spread = drawing(model, samples=3).predict_with_spread(
        noisy[:1, ..., np.newaxis], whole(noisy, 0)
    )
    of_samples = np.var([one[0] for one in samples], axis=0, ddof=1)
    np.testing.assert_allclose(spread[0, ..., 0], of_samples, rtol=2e-3, atol=1e-3)


def whole(planes, t):
    height, width = planes.shape[1:]
    return Where(({"T": t},), np.arange(height), np.arange(width), (height, width))


def test_tiles_of_any_size_give_the_samples_of_the_whole(tiny, model):
    _, _, _, noisy = tiny
    planes = np.tile(noisy[:1], (1, 3, 3))[:, :230, :250]
    one = drawing(model, samples=2, keep_samples=2)
    together, report = restore(one, planes, memory_bytes=2 * 10**9)
    # Tiles of half a plane, and little more than their halo.
    memory = int((one.bytes_per_px + 160) * 170 * 170)
    apart, many = restore(one, planes, memory_bytes=memory)
    assert np.prod(many.tile_px) < 0.8 * np.prod(report.tile_px)
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)


def test_seeds_and_planes_have_samples_of_their_own(tiny, model):
    _, _, _, noisy = tiny
    same = np.stack([noisy[0], noisy[0]])
    (first,), _ = restore(drawing(model, samples=1), same)
    (again,), _ = restore(drawing(model, samples=1), same)
    (other,), _ = restore(drawing(model, samples=1, seed=1), same)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 1 and np.abs(first - other).max() > 1


@pytest.mark.parametrize("symmetry", symmetries()[1:], ids=str)
def test_turned_tiles_have_the_places_of_their_pixels(symmetry):
    at = Where(({},), np.arange(4, 12), np.arange(8, 24), (20, 30))
    plane = np.arange(600).reshape(20, 30)
    turned = at.turned(symmetry)
    places = turned.rows[:, np.newaxis] * 100 + turned.columns
    expected = symmetry.apply((at.rows[:, np.newaxis] * 100 + at.columns)[np.newaxis, ..., None])
    if symmetry.transpose:
        places = turned.rows[:, np.newaxis] + turned.columns * 100
    np.testing.assert_array_equal(places, expected[0, ..., 0])
    assert plane.shape == (20, 30)


def test_turned_answers_agree_between_tiles_and_the_whole(tiny, model):
    _, _, _, noisy = tiny
    planes = np.tile(noisy[:1], (1, 2, 2))[:, :180, :188]
    one = drawing(model, samples=1)
    (together,), _ = restore(one, planes, memory_bytes=2 * 10**9, tta=True)
    memory = int((one.bytes_per_px + 60) * 150 * 150)
    (apart,), _ = restore(one, planes, memory_bytes=memory, tta=True)
    np.testing.assert_allclose(together, apart, rtol=1e-4)


def test_the_uncertainty_is_as_large_as_the_error(tiny, model):
    _, _, clean, noisy = tiny
    stack = Stack(noisy, "TYX", name="scene")
    found = fit_uncertainty(stack, drawing(model, samples=4, keep_samples=1))
    (mean, _, deviation), _ = restore(found, noisy[:1])
    error = float(np.sqrt(np.mean((mean - clean[:1]) ** 2)))
    assert 0.5 * error < float(np.sqrt(np.mean(deviation**2))) < 2 * error
    assert 0.5 * error < found.typical < 2 * error


def test_it_is_better_than_the_noisy_image(tiny, model):
    _, _, clean, noisy = tiny
    (mean,), _ = restore(drawing(model, samples=4), noisy[:1])
    assert np.mean((mean - clean[:1]) ** 2) < 0.3 * np.mean((noisy[:1] - clean[:1]) ** 2)


def test_what_cannot_be_drawn_is_refused():
    for wrong in ({"samples": 0}, {"keep_samples": 1000}):
        with pytest.raises(SettingsError, match=next(iter(wrong))):
            HDNRestoring(**wrong)
    with pytest.raises(UsageError, match="only 4 are drawn"):
        HDNRestoring(keep_samples=5).check("m", HDNRecord(4), {})


def test_python_callers_set_the_number_of_samples(tiny):
    folder, _, _, noisy = tiny
    one = api.denoise(noisy[:1], folder, axes="TYX", settings={"samples": 1}, dtype="float32")
    expected, _ = restore(drawing(open_model(modelfolder.read_model(folder)), samples=1), noisy[:1])
    np.testing.assert_allclose(np.asarray(one), expected[0], rtol=1e-5)


def test_samples_are_grey_levels_where_a_stack_is_shown_with_other_ones(tiny, model):
    _, _, _, noisy = tiny
    one = drawing(model, samples=2, keep_samples=2)
    shown = Regraded(one, (Levels(0.5, here=2000.0, there=500.0),))
    tile, at = noisy[:1, ..., np.newaxis], whole(noisy, 0)
    outputs, spread = one.predict_with_spread(tile, at)
    others, other_spread = shown.predict_with_spread(2 * (tile - 500) + 2000, at)
    np.testing.assert_allclose(others, 2 * (outputs - 500) + 2000, rtol=1e-4)
    np.testing.assert_allclose(other_spread, 4 * spread, rtol=1e-2, atol=1)
