"""The standard deviation of a restored image's error, with filters whose error is known."""

import tracemalloc

import numpy as np
import pytest
from numpy.random import default_rng
from restore_fakes import Filter
from scipy.ndimage import gaussian_filter, uniform_filter, uniform_filter1d

from n2v_tools.contracts import SlidingRestorer
from n2v_tools.errors import StackError
from n2v_tools.prepare.symmetry import symmetries
from n2v_tools.restore.match import match_axes
from n2v_tools.restore.probing import draw_marks
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.restore.sampling import read_pieces
from n2v_tools.restore.uncertainty import WithUncertainty, fit_uncertainty
from n2v_tools.stack import Stack


def restore(stack, restorer, *, memory_bytes=None, nan="refuse", **options):
    """Restored planes, the uncertainty of each pixel, and what is expected overall."""
    both = np.full((2, *stack.array.shape), -1.0, np.float32)

    def into(which):
        def write(place, plane):
            assert plane.dtype == np.float32
            both[(which, *(place.get(a, slice(None)) for a in stack.axes))] = plane

        return write

    fitted = fit_uncertainty(stack, restorer, **options)
    options = {"keep_strips": options.get("keep_strips", False)}
    restore_stack(
        stack, fitted, into(0), others=[into(1)], memory_bytes=memory_bytes, nan=nan, **options
    )
    return both[0], both[1], fitted


def smooth_scene(*shape, low=200.0, high=1000.0, width=16):
    smooth = gaussian_filter(default_rng(9).normal(size=shape), width, mode="wrap")
    return low + (high - low) * (smooth - smooth.min()) / np.ptp(smooth)


def averaging(reach=1, **more):
    """Averages (2 reach + 1)^2 pixels, reflected at the border as a net's padding would be."""
    return Filter(lambda f: uniform_filter(f, 2 * reach + 1), reach=reach, **more)


def zeros_beyond(field):
    """Averages 5 pixels along each axis; zeros beyond the border, as nets see them."""
    return uniform_filter(field, 5, mode="constant")


def rms(values):
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def test_of_a_mean_of_nine_white_pixels_it_is_a_third_of_the_noise():
    noisy = 500 + default_rng(0).normal(0, 30, (2, 256, 256))
    _, claimed, fitted = restore(Stack(noisy.astype(np.float32), "ZYX"), averaging())
    assert fitted.typical == pytest.approx(10, rel=0.1)
    assert rms(claimed) == pytest.approx(10, rel=0.1)
    assert claimed.std() < 2.5  # the same everywhere, but for chance


def test_it_is_larger_where_photon_noise_is():
    clean = smooth_scene(256, 256)
    noisy = 4.0 * default_rng(1).poisson(np.broadcast_to(clean / 4, (3, 256, 256)))
    restored, claimed, _ = restore(Stack(noisy.astype(np.float32), "TYX"), averaging())
    for dark in (True, False):
        part = (clean < 450) if dark else (clean > 750)
        error = rms((restored - clean)[:, part])
        assert rms(claimed[:, part]) == pytest.approx(error, rel=0.15)


def test_what_is_smoothed_away_counts_where_it_was():
    rng = default_rng(2)
    clean = np.full((256, 256), 300.0)
    clean[:, 128:] += 150 * gaussian_filter(rng.normal(size=(256, 128)), 2.5) * 2.5 * 3.5
    noisy = clean + rng.normal(0, 40, (3, 256, 256))
    restored, claimed, _ = restore(Stack(noisy.astype(np.float32), "ZYX"), averaging(4))
    error = restored - clean
    assert rms(claimed) == pytest.approx(rms(error), rel=0.25)
    assert rms(claimed[:, :, 144:]) > 1.3 * rms(claimed[:, :, :112])


def test_a_restorer_that_has_lost_the_image_is_not_believed():
    clean = smooth_scene(256, 256, width=6)
    noisy = clean + default_rng(3).normal(0, 50, (3, 256, 256))
    lost = Filter(lambda f: uniform_filter(f, 61), reach=30)
    restored, claimed, _ = restore(Stack(noisy.astype(np.float32), "ZYX"), lost)
    assert rms(claimed) == pytest.approx(rms(restored - clean), rel=0.15)


def test_noise_that_neighbours_share_leaves_more_behind():
    white = default_rng(4).normal(0, 20, (3, 256, 258))
    shared = sum(white[..., i : i + 256] for i in range(3))
    clean = smooth_scene(256, 256)
    restored, claimed, _ = restore(Stack((clean + shared).astype(np.float32), "ZYX"), averaging())
    error = rms(restored - clean)
    assert error > 1.3 * shared.std() / 3
    assert rms(claimed) == pytest.approx(error, rel=0.2)


@pytest.mark.parametrize("axes", ["YX", "TZYX", "CYX", "TYXC"])
def test_restored_pixels_are_those_without_it(axes):
    sizes = {"T": 2, "Z": 2, "C": 2, "Y": 160, "X": 130}
    pixels = default_rng(5).poisson(50, [sizes[a] for a in axes]).astype(np.uint16)
    stack = Stack(pixels, axes)
    plain = np.zeros(pixels.shape, np.float32)

    def write(place, plane):
        plain[tuple(place.get(a, slice(None)) for a in axes)] = plane

    restore_stack(stack, averaging(2, block=4), write)
    restored, claimed, _ = restore(stack, averaging(2, block=4))
    np.testing.assert_allclose(restored, plain, rtol=1e-6)
    assert (claimed > 0).all()


@pytest.mark.parametrize(("axes", "shape"), [("YX", (2, 330, 290)), ("ZYX", (40, 80, 70))])
def test_in_tiles_it_equals_the_whole(axes, shape):
    noisy = default_rng(6).poisson(smooth_scene(*shape)).astype(np.float32)
    whole = Filter(zeros_beyond, axes, reach=2, block=2)
    tiles = Filter(zeros_beyond, axes, reach=2, block=2, bytes_per_px=1500)
    one = restore(Stack(noisy, "ZYX"), whole)
    other = restore(Stack(noisy, "ZYX"), tiles, memory_bytes=50_000_000)
    assert tiles.n_tiles > whole.n_tiles + 20
    for a, b in zip(one[:2], other[:2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3)


def test_a_halo_without_the_probes_margin_shows(monkeypatch):
    noisy = default_rng(6).poisson(smooth_scene(2, 330, 290)).astype(np.float32)
    monkeypatch.setattr(WithUncertainty, "reach_px", (2, 2))
    monkeypatch.setattr(WithUncertainty, "halo_px", (2, 2))
    tiles = Filter(zeros_beyond, reach=2, block=2, bytes_per_px=1500)
    other = restore(Stack(noisy, "ZYX"), tiles, memory_bytes=50_000_000)
    monkeypatch.undo()
    one = restore(Stack(noisy, "ZYX"), Filter(zeros_beyond, reach=2, block=2))
    assert not np.allclose(one[1], other[1], rtol=1e-3)


def test_strips_and_empty_planes_are_exactly_zero_and_nan_is_nan():
    noisy = default_rng(7).normal(500, 30, (4, 200, 180)).astype(np.float32)
    noisy[:, :, :9] = 0
    noisy[0, 50] = 0
    noisy[2] = 0
    noisy[3, 70, 80] = np.nan
    restored, claimed, _ = restore(Stack(noisy, "ZYX"), averaging(), nan="fill")
    assert np.isnan(claimed[3, 70, 80]) and np.isnan(claimed).sum() == 1
    np.testing.assert_array_equal(claimed == 0, noisy == 0)
    np.testing.assert_array_equal(restored == 0, noisy == 0)
    _, deviations, _ = restore(
        Stack(np.nan_to_num(noisy, nan=500.0)[[0, 1, 3]], "ZYX"), averaging(), keep_strips=True
    )
    assert (deviations > 0).all()


@pytest.mark.parametrize("together", [1, 2])
def test_channels_have_noise_of_their_own(together):
    noisy = 500 + default_rng(8).normal(size=(2, 2, 200, 200)) * [[[[10]], [[60]]]]
    stack = Stack(noisy.astype(np.float32), "TCYX")
    _, claimed, fitted = restore(stack, averaging(n_channels=together))
    assert [rms(claimed[:, c]) for c in range(2)] == pytest.approx([10 / 3, 20], rel=0.15)
    assert [fact["typical"] for fact in fitted.channels] == pytest.approx([10 / 3, 20], rel=0.15)


def test_equal_seeds_give_equal_maps_and_turned_images_are_averaged_too():
    noisy = Stack(default_rng(9).normal(500, 30, (180, 200)).astype(np.float32), "YX")
    first, again, other = (restore(noisy, averaging(), seed=seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    turned = restore(noisy, averaging(), tta=True)[1]
    assert rms(turned) == pytest.approx(10, rel=0.15)


def test_each_plane_draws_its_own_bits_whenever_it_is_read():
    planes = [draw_marks((64, 64, 1), 0, {"T": t, "Z": z}) for t in range(2) for z in range(2)]
    assert all(0.45 < ((plane >> bit) & 1).mean() < 0.55 for plane in planes for bit in range(4))
    agree = [(a == b).mean() for i, a in enumerate(planes) for b in planes[:i]]
    assert max(agree) < 0.1  # of 16 values, by chance
    np.testing.assert_array_equal(draw_marks((64, 64, 1), 0, {"Z": 1, "T": 0}), planes[1])


def test_strips_say_nothing_of_the_error():
    noisy = default_rng(10).normal(500, 30, (3, 200, 210)).astype(np.float32)
    noisy[:, :, 60:90] = 0
    noisy[1] = 0
    stack = Stack(noisy, "ZYX")
    pieces = list(read_pieces(stack, match_axes(stack, averaging()), keep_strips=False))
    n_real = sum(int(real.sum()) for _, real in pieces)
    assert 0.5 * np.count_nonzero(noisy) < n_real < np.count_nonzero(noisy)
    assert all((values > 0).all() for values, _ in pieces)  # filled, all the same
    strips = sum(int((~real).sum()) for _, real in pieces)
    assert strips >= 2 * 200 * 30 * 0.9


def test_noise_that_cannot_be_measured_is_one_line():
    flat = Stack(np.full((3, 100, 100), 7, np.uint16), "ZYX", name="flat.tif")
    with pytest.raises(StackError, match=r"flat\.tif: its noise cannot be measured"):
        fit_uncertainty(flat, averaging())


def test_memory_does_not_grow_with_the_stack():
    class Endless:
        """So many planes, drawn as they are read."""

        dtype = np.dtype(np.uint16)

        def __init__(self, n):
            self.shape = (n, 96, 96)

        def __getitem__(self, key):
            return default_rng(key[0]).poisson(100, (96, 96)).astype(np.uint16)

    def peak(n):
        stack = Stack(Endless(n), "ZYX")
        fitted = fit_uncertainty(stack, averaging())
        tracemalloc.start()
        nowhere = [lambda place, plane: None]
        restore_stack(stack, fitted, *nowhere, others=nowhere, memory_bytes=20_000_000)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(15), peak(60)
    assert many < 20_000_000
    assert many < 1.3 * few


class MeanOverTime(SlidingRestorer):
    """Averages frames as far as 40 away on either side, and nothing within a frame."""

    axes, n_channels, name = "TYX", 1, "mean"
    reach_px, block_px, bytes_per_px, symmetries = (40, 0, 0), (1, 1, 1), 100, symmetries()
    inner, carried_bytes_per_px, lighter = None, 0, ""

    def predict(self, tiles, at=None):
        return uniform_filter1d(tiles, 81, axis=1, mode="mirror")

    open = held_bytes = None


def test_a_mean_over_more_frames_than_a_piece_has_is_seen_whole():
    noisy = 500 + default_rng(0).normal(0, 30, (160, 100, 100)).astype(np.float32)
    fitted = fit_uncertainty(Stack(noisy, "TYX"), MeanOverTime())
    truth = rms(MeanOverTime().predict(noisy[np.newaxis, ..., np.newaxis]) - 500)
    assert truth < 4.5
    assert fitted.typical == pytest.approx(truth, rel=0.35)
