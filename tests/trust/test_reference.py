"""The noise that residuals are held against, on images whose noise is known."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.noise.sample import read_sample
from n2v_tools.simulate.structured import structured_noise
from n2v_tools.stack import Stack
from n2v_tools.trust.reference import know_noise, measure_line


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
