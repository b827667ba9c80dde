"""Measures of one file: strips, channels, memory, and the numbers of others."""

import tracemalloc

import numpy as np
import pytest
from faults import with_regions
from numpy.random import default_rng
from scoring import scene, score
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from n2v_tools.measure import file_scores
from n2v_tools.measure.file_scores import METRICS, score_files
from n2v_tools.measure.first_pass import Rules
from n2v_tools.measure.notes import find_notes
from n2v_tools.measure.side_by_side import SideBySide, as_uint16
from n2v_tools.measure.ssim import fit_micro
from n2v_tools.prepare.strips import outside_strips
from n2v_tools.stack import Stack


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_planes_are_measured_as_scikit_image_measures_them():
    clean, noisy, restored = scene()
    found = score(clean, noisy, restored)
    span = np.ptp(clean)
    assert found.data_range == span
    for role, movie in (("restored", restored), ("noisy", noisy)):
        for t in range(len(clean)):
            values = {metric: found.values[role][metric][t] for metric in METRICS}
            wanted = peak_signal_noise_ratio(clean[t], movie[t], data_range=span)
            assert values["psnr"] == pytest.approx(wanted)
            wanted = structural_similarity(clean[t], movie[t], data_range=span)
            assert values["ssim"] == pytest.approx(wanted)
    alone = score(clean, None, noisy).values["restored"]
    for metric in METRICS:
        assert (found.gains(metric) > 0).all()
        np.testing.assert_allclose(found.values["noisy"][metric], alone[metric])


def test_the_mean_of_stsnr_is_the_challenge_s():
    clean, _, restored = scene()
    found = score(clean, None, restored)
    error = (clean - restored) ** 2
    spatial = 10 * np.log10((clean**2).sum((1, 2)) / error.sum((1, 2)))
    temporal = 10 * np.log10((clean**2).sum(0) / error.sum(0))
    wanted = (spatial.mean() + temporal.mean()) / 2
    assert found.values["restored"]["stsnr"].mean() == pytest.approx(wanted)


def test_depth_is_no_time():
    clean, _, restored = scene()
    found = score(clean, None, restored, axes="ZYX")
    spatial = 10 * np.log10((clean**2).sum((1, 2)) / ((clean - restored) ** 2).sum((1, 2)))
    np.testing.assert_allclose(found.values["restored"]["stsnr"], spatial)


def test_axes_may_stand_in_another_order_and_be_missing_if_of_length_1():
    clean, noisy, restored = scene((6, 40, 50))
    wanted = score(clean, noisy, restored).values["restored"]
    side = SideBySide(
        {
            "clean": Stack(clean, "TYX"),
            "restored": Stack(np.moveaxis(restored, 0, -1)[:, np.newaxis], "YZXT"),
            "noisy": Stack(noisy[:, np.newaxis], "TCYX"),
        },
        outside_strips,
    )
    found = score_files(side, Rules(), default_rng(0)).values["restored"]
    for metric in METRICS:
        np.testing.assert_allclose(found[metric], wanted[metric])


@pytest.mark.parametrize("where", ["both", "clean", "noisy"])
def test_strips_and_empty_planes_count_for_nothing(where):
    clean, noisy, restored = scene()
    wanted = score(clean[:-1, :, 8:], noisy[:-1, :, 8:], restored[:-1, :, 8:])
    for role, movie in (("clean", clean), ("noisy", noisy)):
        if where in ("both", role):
            movie[:, :, :8] = 0
            movie[-1] = 0
    restored[:, :, :8] = 1e7
    restored[-1] = 1e7
    found = score(clean, noisy, restored)
    assert found.n_empty == 1
    assert found.n_with_strips == len(clean) - 1
    assert found.data_range == wanted.data_range
    for metric in METRICS:
        values = found.values["restored"][metric]
        assert np.isnan(values[-1])
        np.testing.assert_allclose(values[:-1], wanted.values["restored"][metric], rtol=1e-6)
    kept = score(clean, noisy, restored, keep_strips=True)
    assert kept.n_empty == 0
    assert kept.values["restored"]["psnr"].max() < 0


def test_an_affine_fit_undoes_the_scaling_of_each_channel():
    clean, noisy, restored = scene((2, 40, 50))
    plain = score(clean, noisy, restored, axes="CYX", affine=True)
    factors = np.array([0.02, 30])[:, None, None]
    other = score(clean, factors * noisy - 5, factors * restored + 77, axes="CYX", affine=True)
    for role in ("restored", "noisy"):
        for metric in METRICS:
            np.testing.assert_allclose(
                other.values[role][metric], plain.values[role][metric], rtol=1e-4
            )
    assert score(clean, noisy, factors * restored, axes="CYX").improvement > 4
    assert plain.values["restored"]["psnr"] == pytest.approx(
        plain.values["restored"]["si_psnr"] + 20 * np.log10(np.ptp(clean) / np.ptp(clean, (1, 2)))
    )


def test_a_flickering_gain_is_not_fitted_away():
    clean, _, restored = scene()
    flicker = restored * np.linspace(0.5, 1.5, len(clean))[:, None, None]
    steady = score(clean, None, restored, affine=True).values["restored"]["psnr"]
    assert score(clean, None, flicker, affine=True).values["restored"]["psnr"].max() < steady.min()


class Counting:
    """A movie made frame by frame, which remembers how much was asked for at once."""

    def __init__(self, n_frames, noise):
        self.shape, self.dtype = (n_frames, 128, 128), np.dtype(np.float32)
        self.noise = noise

    def __getitem__(self, key):
        t = key[0]
        assert isinstance(t, int)
        rows = np.arange(128)[:, None] + np.arange(128)
        plane = 500 + 100 * np.sin(rows / 9 + t / 20)
        return (plane + default_rng(t).normal(0, self.noise, plane.shape)).astype(np.float32)


def test_memory_does_not_grow_with_the_movie(monkeypatch):
    monkeypatch.setattr(file_scores, "FIT_WINDOWS", 100_000)
    peaks = []
    for n_frames in (40, 120):
        noises = {"clean": 0, "restored": 5, "noisy": 20}
        side = SideBySide(
            {role: Stack(Counting(n_frames, noise), "TYX") for role, noise in noises.items()},
            outside_strips,
        )
        tracemalloc.start()
        score_files(side, Rules(), default_rng(0))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    one_frame = 128 * 128 * 4
    assert peaks[1] - peaks[0] < 3 * one_frame  # of 80 frames more in three files


def test_a_sample_is_as_good_as_all_windows_for_micro_ssim(monkeypatch):
    clean, noisy, restored = scene((6, 128, 128))
    every = score(clean, noisy, restored)
    seen = []

    def counted(windows, *others, **options):
        seen.append(sum(one.n for one in windows))
        return fit_micro(windows, *others, **options)

    monkeypatch.setattr(file_scores, "fit_micro", counted)
    monkeypatch.setattr(file_scores, "FIT_WINDOWS", 10_000)
    some = score(clean, noisy, restored)
    for role in ("restored", "noisy"):
        np.testing.assert_allclose(
            some.values[role]["microssim"], every.values[role]["microssim"], atol=2e-3
        )
    assert seen and max(seen) <= 10_000


def test_legacy_repeats_the_study():
    t, y, x = np.mgrid[:25, :30, :40]
    clean = (300 + 25 * (1 + t // 20) * ((7 * y + 13 * x + 3 * t) % 32)).astype(np.float32)
    noisy = clean + default_rng(0).normal(0, 100, clean.shape)
    noisy[0, 0, :4] = [-1, -0.5, 65536, 70000.7]
    found = score(clean, None, noisy, legacy=True)
    cut = as_uint16(noisy)
    assert list(cut[0, 0, :4]) == [65535, 0, 0, 4464]
    for frame in (0, 13):
        plain = clean[frame].astype(np.uint16)
        wanted = structural_similarity(plain, cut[frame], data_range=65535)
        assert found.values["restored"]["ssim"][frame] == pytest.approx(wanted)
        wanted = peak_signal_noise_ratio(plain, cut[frame], data_range=65535)
        assert found.values["restored"]["psnr"][frame] == pytest.approx(wanted)
    # Written down from microssim 0.0.5, used as the study does: fitted to every 10th frame.
    assert found.fits["restored"].n_planes == 3
    assert found.fits["restored"].factor == pytest.approx(0.9395261110058439, abs=1e-6)
    micro = found.values["restored"]["microssim"]
    assert list(micro[[0, 13, 24]]) == pytest.approx(
        [0.9190322449051386, 0.918716282349397, 0.9751035872034814], abs=1e-8
    )


@pytest.mark.parametrize("kind", ["bar", "border"])
def test_regions_of_the_noisy_file_that_are_no_data_count_for_nothing(kind):
    clean, noisy, restored = scene((4, 90, 100))
    span = np.ptp(clean)  # the same for both: what is brightest may lie below the border
    wanted = score(clean, noisy, restored, data_range=span)
    spoilt = with_regions(noisy, kind)
    result = np.where(spoilt != noisy, spoilt, restored)
    found = score(clean, spoilt, result, data_range=span)
    n = np.count_nonzero(spoilt != noisy)
    assert found.n_gaps == pytest.approx(n, rel=0.001) and found.n_with_strips == 0
    assert wanted.n_gaps == 0
    for role in ("noisy", "restored"):
        # of fewer pixels of the same kind; what is divided by the signal's power depends on which
        for metric, tolerance in {"psnr": 0.3, "si_psnr": 1.5, "stsnr": 1.5, "ssim": 0.03}.items():
            difference = found.values[role][metric] - wanted.values[role][metric]
            assert np.abs(difference).max() < tolerance
    (note,) = [one for one in find_notes([found], Rules()) if "no data" in one]
    assert note.startswith(f"{n} pixels that are no data in the noisy file")


def test_even_parts_of_the_truth_count():
    clean, noisy, restored = scene((2, 60, 70))
    clean[:, :20] = 3000
    assert score(clean, None, restored).n_gaps == score(clean, noisy, restored).n_gaps == 0
    errors = ((restored - clean) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(
        score(clean, noisy, restored).values["restored"]["psnr"],
        10 * np.log10(np.ptp(clean) ** 2 / errors),
    )
