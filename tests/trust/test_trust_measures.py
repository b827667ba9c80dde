"""The measures behind the verdicts, on images whose answers are known."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.noise.sample import read_sample
from n2v_tools.simulate.structured import structured_noise
from n2v_tools.stack import Stack
from n2v_tools.trust.contest import SIGMAS_PX, PlainFilters
from n2v_tools.trust.reference import know_noise, measure_line
from n2v_tools.trust.resolution import RingSums, finest_px
from n2v_tools.trust.spectra import SpectraSums, weigh


def blobs(edge, px, seed=0):
    field = gaussian_filter(default_rng(seed).normal(size=(edge, edge)), px)
    return 1000 + 300 * field / field.std()


@pytest.mark.parametrize("edge", [128, 256])
def test_one_small_image_tells_how_noise_grows_with_brightness(edge):
    light = np.maximum(blobs(edge, 6) / 10, 20)
    gains = []
    for seed in range(3):
        image = 3.0 * default_rng(seed).poisson(light)
        gain, floor = measure_line([image.astype(np.float32)])
        middle = 3 * light.mean()
        assert gain * middle + floor == pytest.approx(3 * middle, rel=0.12)
        gains.append(gain)
    assert np.mean(gains) == pytest.approx(3, rel=0.3)


@pytest.mark.parametrize("kind", ["1x3", "5x1", "cross"])
def test_the_reference_knows_how_noise_is_shared(kind):
    noise = structured_noise((384, 384), kind, default_rng(1))
    noisy = blobs(384, 5) + 200 * noise
    reference = know_noise(read_sample(Stack(noisy.astype(np.float32), "YX")))
    assert reference.correlated
    assert np.sqrt(reference.variance(np.array([1000.0]))[0]) == pytest.approx(200, rel=0.15)
    power = reference.spectrum(np.ones((32, 32)))
    spectrum = np.mean(
        [
            np.abs(np.fft.rfft2(noise[y : y + 32, x : x + 32])) ** 2
            for y in range(0, 384, 32)
            for x in range(0, 384, 32)
        ],
        axis=0,
    )
    assert np.corrcoef(power.ravel(), spectrum.ravel())[0, 1] > 0.9


def balance(noisy, restored):
    reference = know_noise(read_sample(Stack(noisy.astype(np.float32), "YX")))
    sums = SpectraSums(reference)
    sums.add(noisy, restored)
    return weigh(sums.powers()), sums


def test_truth_loses_keeps_and_invents_nothing():
    clean = blobs(256, 2)
    found, _ = balance(clean + default_rng(1).normal(0, 150, clean.shape), clean)
    assert found.lost < 0.05
    assert found.noise_kept < 0.05
    assert found.invented < 0.08
    assert found.residual == pytest.approx(1, abs=0.06)


def test_each_failing_shows_in_its_own_measure():
    clean = blobs(256, 2)
    noise = default_rng(1).normal(0, 150, clean.shape)
    noisy = clean + noise
    assert balance(noisy, gaussian_filter(clean, 4))[0].lost > 0.5
    assert balance(noisy, clean + 0.5 * noise)[0].noise_kept == pytest.approx(0.45, abs=0.06)
    assert balance(noisy, clean + 0.3 * (blobs(256, 2, 7) - 1000))[0].invented > 0.3


def test_a_filter_without_the_pixel_itself_invents_nothing():
    clean = blobs(256, 4)
    noisy = clean + default_rng(1).normal(0, 150, clean.shape)
    ring = np.ones((5, 5)) / 24
    ring[2, 2] = 0
    from scipy.ndimage import convolve

    assert balance(noisy, convolve(noisy, ring))[0].invented < 0.1


def test_steins_estimate_is_the_error_a_gaussian_has():
    clean = blobs(256, 3)
    noise = default_rng(2).normal(0, 150, clean.shape)
    noisy = clean + noise
    plain = PlainFilters(know_noise(read_sample(Stack(noisy.astype(np.float32), "YX"))))
    plain.add(noisy, clean, None)
    errors = [((gaussian_filter(noisy, px) - clean) ** 2).mean() / 150**2 for px in SIGMAS_PX]
    found = plain.contest()
    assert found.error == pytest.approx(min(errors), abs=0.03)
    assert f"{SIGMAS_PX[int(np.argmin(errors))]:g} px" in found.best


def test_pixels_of_one_image_tell_its_resolution_as_two_images_do():
    clean = blobs(512, 2.5)
    one, other = (clean + default_rng(s).normal(0, 100, clean.shape) for s in (1, 2))
    pair, split = RingSums(64), RingSums(32)
    pair.add(one, other)
    split.add_split(one)
    of_pair, of_split = finest_px(*pair.curve(split=False)), finest_px(*split.curve(split=True))
    assert of_split == pytest.approx(of_pair, rel=0.25)


def test_half_a_pixel_of_shift_is_made_up_for():
    y, x = np.mgrid[:256, :256]
    wave = np.sin(2 * np.pi * (0.11 * y + 0.09 * x))
    sums = RingSums(32)
    sums.add_split(wave + default_rng(0).normal(0, 1e-3, wave.shape))
    frequency, correlation = sums.curve(split=True)
    assert correlation[np.argmin(np.abs(frequency - np.hypot(0.11, 0.09)))] > 0.95
