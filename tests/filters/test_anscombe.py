"""Stabilised noise has deviation 1, and the way back has no bias."""

import numpy as np
import pytest
from filter_scene import GAIN, OFFSET, READ_NOISE, error, make, restore, scene

from n2v_tools.errors import StackError
from n2v_tools.filters.anscombe import Anscombe

N = 400_000


@pytest.mark.parametrize("photons", [1, 2, 4, 10, 40, 90, 130, 1000])
@pytest.mark.parametrize(("gain", "offset"), [(1, 0), (3.5, 100)])
def test_the_way_back_from_the_mean_is_the_mean(photons, gain, offset, rng):
    counts = (gain * rng.poisson(photons, N) + offset).astype(np.float32)
    transform = Anscombe(gain, floor=-gain * offset)
    mean = transform.forward(counts).mean(dtype=np.float64)
    back = transform.inverse(np.float32([mean]))[0]
    assert (back - offset) / gain == pytest.approx(photons, rel=0.01)
    # The square alone is not the way back.
    assert photons > 10 or mean**2 / 4 - 3 / 8 < 0.98 * photons


@pytest.mark.parametrize("photons", [1, 5, 30])
@pytest.mark.parametrize("read_noise", [0.5, 1.0, 2.0])  # photoelectrons
def test_read_noise_adds_little_bias(photons, read_noise, rng):
    counts = 2 * (rng.poisson(photons, N) + rng.normal(0, read_noise, N)) + 50
    transform = Anscombe(2, floor=4 * read_noise**2 - 2 * 50)
    mean = transform.forward(counts.astype(np.float32)).mean(dtype=np.float64)
    back = (transform.inverse(np.float32([mean]))[0] - 50) / 2
    assert abs(back - photons) < 0.06


@pytest.mark.parametrize("photons", [4, 20, 300])
def test_noise_has_deviation_1_afterwards(photons, rng):
    counts = 3.0 * rng.poisson(photons, N) + 100 + rng.normal(0, 5, N)
    stabilised = Anscombe(3, floor=25 - 300).forward(counts.astype(np.float32))
    assert stabilised.std() == pytest.approx(1, abs=0.05)


def test_the_way_back_has_no_step_and_never_falls(rng):
    transform = Anscombe(1, 0)
    values = np.linspace(0, 60, 50_000, dtype=np.float32)
    steps = np.diff(transform.inverse(values))
    assert steps.min() >= 0
    assert steps.max() < 0.05


def test_the_gain_is_measured():
    _, noisy = scene((400, 400))
    one = make("nlm", noisy.shape, stabilise=True).fit_intensity([noisy[..., np.newaxis]])
    found = one.channels[0].stabiliser
    assert found.gain == pytest.approx(GAIN, rel=0.25)
    variance = found.gain * noisy.mean() + found.floor
    expected = GAIN * (noisy.mean() - OFFSET) + READ_NOISE**2
    assert variance == pytest.approx(expected, rel=0.15)


def test_it_helps_where_noise_depends_on_brightness():
    clean, noisy = scene((300, 300), photons=12)
    plain, _ = restore("nlm", noisy)
    stabilised, _ = restore("nlm", noisy, stabilise=True)
    assert error(stabilised, clean) < error(plain, clean)
    assert stabilised.mean() == pytest.approx(clean.mean(), rel=0.01)


def test_noise_that_cannot_be_measured_is_refused_and_can_be_given(rng):
    small = rng.poisson(9, (20, 20)).astype(np.float32)
    with pytest.raises(StackError, match="--set gain="):
        restore("gaussian", small, stabilise=True)
    restored, _ = restore("gaussian", small, stabilise=True, gain=1.0)
    assert restored.mean() == pytest.approx(9, rel=0.1)
