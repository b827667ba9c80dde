"""The Restorer of DecoNoising: the blur comes after tiles are put together, or as good as that."""

import dataclasses

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.contracts import DECONVOLVED, RESTORED, Opening, Restorer
from n2v_tools.errors import UsageError
from n2v_tools.methods.deconoising.psf import from_pixels, gaussian
from n2v_tools.methods.deconoising.restorer import (
    BlurringRestorer,
    DecoNoisingRestoring,
    open_restorer,
)
from n2v_tools.methods.deconoising.section import Kept
from n2v_tools.prepare.symmetry import symmetries
from n2v_tools.restore.brightness import Levels, Regraded
from n2v_tools.restore.left_channels import WithLeftChannels
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.restore.test_time import WithSymmetries
from n2v_tools.stack import Stack

LOPSIDED = from_pixels(np.outer([1, 2, 3, 4, 5], [0, 1, 6, 2, 1]).astype(float), "made")


class Same(Restorer):
    """A net that gives back what it is shown."""

    name, bytes_per_px = "same", 8
    symmetries = symmetries()

    def __init__(self, n_dim=2, n_channels=1):
        self.axes = "ZYX"[-n_dim:]
        self.n_channels = n_channels
        self.reach_px = (0,) * n_dim
        self.block_px = (4,) * n_dim

    def predict(self, tiles, at=None):
        return tiles.copy()


def blurring(psf=LOPSIDED, scale=1.0, both=True, mean=0.0, **net):
    inner = Same(psf.n_dim, **net)
    n = inner.n_channels
    return BlurringRestorer(inner, Kept((psf,) * n, scale, (0.0,) * n), (mean,) * n, both)


def restore(counts, restorer, **options):
    outs = [np.full(counts.shape, np.nan, np.float32) for _ in restorer.outputs]

    def writer(out):
        def write(place, plane):
            out[tuple(place.get(axis, slice(None)) for axis in restorer.axes)] = plane

        return write

    first, *others = map(writer, outs)
    report = restore_stack(Stack(counts, restorer.axes), restorer, first, others=others, **options)
    return outs, report


@pytest.mark.parametrize(
    ("psf", "sizes"),
    [(LOPSIDED, (88, 120)), (gaussian((1.0, 1.5, 1.5)), (20, 44, 40))],
    ids=["YX", "ZYX"],
)
def test_in_tiles_it_is_the_blur_of_the_whole_image_so_that_there_are_no_seams(psf, sizes):
    counts = default_rng(0).random(sizes).astype(np.float32) * 100 + 50
    restorer = blurring(psf)
    (restored, deconvolved), one = restore(counts, restorer)
    memory, tiled = (restorer.bytes_per_px + 80) * counts.size, one
    while np.prod(tiled.tile_px) >= 0.7 * np.prod(one.tile_px):
        (restored, deconvolved), tiled = restore(counts, restorer, memory_bytes=memory)
        memory = int(0.9 * memory)
    np.testing.assert_allclose(restored, psf.blur(counts), rtol=1e-5)
    np.testing.assert_allclose(deconvolved, counts, rtol=1e-6)


def test_a_halo_without_the_blur_s_reach_would_show_seams():
    counts = default_rng(0).random((88, 120)).astype(np.float32) * 100

    class TooShort(BlurringRestorer):
        halo_px = property(lambda self: self.inner.halo_px)

    whole = blurring()
    short = TooShort(whole.inner, whole.kept, whole.means, True)
    memory, px = (short.bytes_per_px + 80) * counts.size, counts.size
    while px >= 0.7 * counts.size:
        (restored, _), report = restore(counts, short, memory_bytes=memory)
        memory, px = int(0.9 * memory), np.prod(report.tile_px)
    assert np.abs(restored - LOPSIDED.blur(counts)).max() > 1


def test_sharpening_and_blur_give_back_what_the_blur_passes_and_reach_further():
    counts = gaussian_filter(default_rng(0).random((64, 64)), 4).astype(np.float32) * 1000
    kept = Kept((gaussian((1.0, 1.0)),), 1.0, (0.0,), sharpen=3)
    restorer = BlurringRestorer(Same(), kept, (0.0,), True)
    (restored, deconvolved), _ = restore(counts, restorer)
    np.testing.assert_allclose(restored, counts, atol=0.05 * counts.std())
    assert deconvolved.std() > counts.std()
    assert restorer.reach_px == (16, 16)


def test_fields_are_reflected_where_borders_were_not_learned():
    assert blurring().margin_px == ()
    kept = dataclasses.replace(blurring().kept, margin=True)
    reflected = dataclasses.replace(blurring(), kept=kept)
    assert reflected.margin_px == reflected.halo_px
    counts = default_rng(0).random((24, 28)).astype(np.float32) * 100
    (restored, _), report = restore(counts, reflected)
    assert report.tile_px == (32, 36)
    np.testing.assert_allclose(restored, LOPSIDED.blur(counts), rtol=1e-5)


def test_reach_is_the_net_s_and_the_blur_s_and_halos_are_whole_blocks():
    restorer = blurring()
    assert restorer.reach_px == LOPSIDED.reach_px == (2, 2)
    assert restorer.halo_px == (4, 4)


def test_the_net_s_answer_is_multiplied_about_the_mean():
    counts = default_rng(0).random((8, 8)).astype(np.float32) + 100
    (restored, deconvolved), _ = restore(counts, blurring(gaussian((1, 1)), 10.0, mean=100.5))
    np.testing.assert_allclose(deconvolved, 100.5 + 10 * (counts - 100.5), rtol=1e-4)
    assert restored.mean() == pytest.approx(deconvolved.mean(), rel=1e-2)


def test_the_second_image_is_given_only_if_asked_for_and_has_its_own_name():
    opening = Opening(Same(), Kept((LOPSIDED,), 1.0, (0.0,)), (0.0,), (1.0,))
    plain = open_restorer(opening)
    assert plain.outputs == (RESTORED,)
    assert plain.predict(np.ones((1, 8, 8, 1), np.float32)).shape == (1, 8, 8, 1)
    both = open_restorer(dataclasses.replace(opening, settings=DecoNoisingRestoring(True)))
    assert both.outputs == DecoNoisingRestoring(True).outputs == (RESTORED, DECONVOLVED)
    assert "restored" not in DECONVOLVED.values and DECONVOLVED.not_to_measure
    assert both.record_of(DECONVOLVED)["not_to_measure"]


def test_an_uncertainty_of_a_deconvolved_image_is_refused():
    with pytest.raises(UsageError, match="contradict"):
        DecoNoisingRestoring(True).check("m", None, {"uncertainty": True})
    DecoNoisingRestoring(True).check("m", None, {"uncertainty": False})


def test_turns_that_the_blur_forbids_are_not_averaged_over():
    counts = default_rng(0).random((24, 24)).astype(np.float32) * 100
    assert len(blurring().symmetries) == 1
    (turned, _), _ = restore(counts, blurring(), tta=True)
    np.testing.assert_allclose(turned, LOPSIDED.blur(counts), rtol=1e-5)
    assert isinstance(blurring(gaussian((1, 1))).around(WithSymmetries), WithSymmetries)
    (turned, _), _ = restore(counts, blurring(gaussian((1, 1))), tta=True)
    np.testing.assert_allclose(turned, gaussian((1, 1)).blur(counts), rtol=1e-5)


def test_grey_levels_that_were_changed_for_the_net_are_changed_back_in_both_images():
    counts = default_rng(0).random((1, 16, 16, 1)).astype(np.float32) * 100 + 900
    restorer = blurring(gaussian((1, 1)))
    shown = Regraded(restorer, (Levels(gain=0.5, here=900.0, there=100.0),))
    np.testing.assert_allclose(shown.predict(counts), restorer.predict(counts), rtol=1e-5)


def test_a_channel_that_is_left_as_it_is_stands_in_both_images():
    counts = default_rng(0).random((1, 16, 16, 2)).astype(np.float32)
    found = WithLeftChannels(blurring(), left=(0,)).predict(counts)
    for number in (0, 2):  # channel 0 of either image
        np.testing.assert_array_equal(found[..., number], counts[..., 0])


def test_each_channel_has_its_own_blur():
    counts = default_rng(0).random((1, 16, 16, 2)).astype(np.float32)
    psfs = gaussian((1.0, 1.0)), LOPSIDED
    restorer = BlurringRestorer(Same(n_channels=2), Kept(psfs, 1.0, (0.0, 0.0)), (0.0, 0.0))
    found = restorer.predict(counts)[0]
    for c, psf in enumerate(psfs):
        np.testing.assert_allclose(found[..., c], psf.blur(counts[0, ..., c]), rtol=1e-5)
