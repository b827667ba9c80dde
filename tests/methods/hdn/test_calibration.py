"""Noise models from calibration frames: pairs, fits, and the mistakes of the study."""

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import StackError
from n2v_tools.methods.hdn.calibration import (
    Pairs,
    check_model,
    fit_histogram,
    fit_line,
    fit_mixture,
    read_pairs,
    within,
)

GAIN, OFFSET, READ = 2.0, 100.0, 6.0


def noisy(signal, rng):
    """Counts of a camera: shot noise of the gain, an offset and read noise."""
    photons = rng.poisson((signal - OFFSET) / GAIN)
    return GAIN * photons + OFFSET + rng.normal(0, READ, signal.shape)


def pairs(n=40_000, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.uniform(120, 900, n)
    return Pairs(signal, noisy(signal, rng))


def true_variance(signal):
    return GAIN * (signal - OFFSET) + READ**2


SIGNALS = np.array([200.0, 500.0, 800.0])


def test_a_line_is_found_again():
    _, variance = fit_line(pairs()).moments(SIGNALS)
    np.testing.assert_allclose(variance, true_variance(SIGNALS), rtol=0.06)


@pytest.fixture(scope="module")
def mixture():
    # As in the study: the least variance is of other units, and percentiles are reversed.
    rng = np.random.default_rng(0)
    chosen = within(pairs(), (99.9, 0.1), rng)
    return fit_mixture(chosen, 2, 2, rng, steps=200, least_variance=1e6)


def test_a_mixture_fits_as_well_as_a_gaussian_whatever_least_variance_is_asked_for(mixture):
    mean, variance = mixture.moments(SIGNALS)
    np.testing.assert_allclose(mean, SIGNALS, atol=1e-6)
    np.testing.assert_allclose(variance, true_variance(SIGNALS), rtol=0.2)
    checks = check_model(mixture, pairs(seed=1))
    assert checks.nats < checks.gaussian_nats + 0.01 and not checks.doubts


def test_percentiles_in_either_order_keep_the_same_pairs():
    one, other = (within(pairs(), two, np.random.default_rng(0)) for two in ((1, 99), (99, 1)))
    np.testing.assert_array_equal(one.signal, other.signal)
    assert 0.9 * 40_000 < len(one) < 40_000


def test_a_histogram_has_the_variance_of_the_noise():
    found = fit_histogram(pairs(400_000), 64)
    _, variance = found.moments(SIGNALS)
    # A bin blurs by its width, on either axis.
    blur = found.bin_counts**2 / 6
    np.testing.assert_allclose(variance, true_variance(SIGNALS) + blur, rtol=0.25)


def test_a_model_of_other_noise_is_told_from_a_good_one(mixture):
    rng = np.random.default_rng(3)
    signal = rng.uniform(120, 900, 5000)
    skewed = Pairs(signal, signal + rng.normal(0, 100, 5000))
    assert "fits worse" in check_model(mixture, skewed).doubts[0]
    beyond = Pairs(signal + 2000, noisy(signal + 2000, rng))
    assert "outside its range" in check_model(mixture, beyond).doubts[-1]


def still_scene(folder, n_frames, rng):
    y, x = np.mgrid[:40, :48]
    signal = 500 + 300 * np.sin(x / 7) * np.cos(y / 5)
    frames = np.stack([noisy(signal, rng) for _ in range(n_frames)]).astype(np.float32)
    tifffile.imwrite(folder / "frames.tif", frames, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(folder / "clean.tif", signal.astype(np.float32), imagej=True)
    return signal


def test_few_frames_of_a_still_scene_show_all_of_the_noise(tmp_path):
    signal = still_scene(tmp_path, 8, np.random.default_rng(0))
    found = read_pairs(str(tmp_path / "frames.tif"), "TYX", 0)
    ratio = np.mean((found.noisy - found.signal) ** 2) / true_variance(signal).mean()
    # The mean of 8 frames holds an eighth of each: without correction this is 0.875.
    assert ratio == pytest.approx(1, abs=0.04)


def test_one_clean_plane_serves_many_noisy_frames(tmp_path):
    signal = still_scene(tmp_path, 3, np.random.default_rng(0))
    found = read_pairs(f"{tmp_path / 'frames.tif'}={tmp_path / 'clean.tif'}", None, 0)
    assert len(found) == 3 * signal.size
    ratio = np.mean((found.noisy - found.signal) ** 2) / true_variance(signal).mean()
    assert ratio == pytest.approx(1, abs=0.05)


def test_files_that_cannot_give_pairs_are_refused_in_one_line(tmp_path):
    still_scene(tmp_path, 4, np.random.default_rng(0))
    tifffile.imwrite(tmp_path / "other.tif", np.zeros((4, 20, 20), np.float32), imagej=True)
    wrong = {
        str(tmp_path / "frames.tif"): "4 frames",
        f"{tmp_path / 'frames.tif'}={tmp_path / 'other.tif'}": "same shape",
    }
    for source, why in wrong.items():
        with pytest.raises(StackError, match=why) as caught:
            read_pairs(source, "TYX", 0)
        assert "\n" not in str(caught.value)
