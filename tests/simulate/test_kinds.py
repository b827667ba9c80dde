"""Structured noise is correlated as it says, and not otherwise."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.kinds import LAGS, structured_noise, true_correlation

EVERY_KIND = ["white", "1x3", "5x1", "2x4", "isotropic", "cross", "1x3+white", "poisson"]
LARGE = (700, 701)


def correlation(noise, y, x):
    height, width = noise.shape
    return float((noise[: height - y, : width - x] * noise[y:, x:]).mean() / (noise**2).mean())


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_noise_is_correlated_as_told(kind):
    noise, truth = structured_noise(LARGE, kind, default_rng(0)), true_correlation(kind)
    along_y = [correlation(noise, lag, 0) for lag in range(1, LAGS + 1)]
    along_x = [correlation(noise, 0, lag) for lag in range(1, LAGS + 1)]
    np.testing.assert_allclose(along_y, truth["Y"], atol=0.015)  # 5 deviations with 25 px in one
    np.testing.assert_allclose(along_x, truth["X"], atol=0.015)
    assert correlation(noise, 1, 1) == pytest.approx(truth["diagonal"], abs=0.015)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_noise_has_unit_deviation_and_no_mean(kind):
    noise = structured_noise(LARGE, kind, default_rng(1))
    assert noise.std() == pytest.approx(1, abs=0.015)
    assert noise.mean() == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("kind", ["5x1", "isotropic", "9x9"])
def test_the_rim_is_like_the_middle(kind):
    rng = default_rng(2)
    planes = np.array([structured_noise((24, 24), kind, rng) for _ in range(1500)])
    np.testing.assert_allclose(planes.std(axis=0), 1, atol=0.1)


@pytest.mark.parametrize(("kind", "axis"), [("rows", 0), ("columns", 1)])
def test_an_offset_is_shared_by_a_whole_line_and_by_no_other(kind, axis):
    noise = structured_noise((500, 400), kind, default_rng(3))
    assert (np.ptp(noise, axis=1 - axis) == 0).all()
    lines = np.moveaxis(noise, axis, 0)[:, 0]
    assert abs(np.corrcoef(lines[1:], lines[:-1])[0, 1]) < 0.2
    truth = true_correlation(kind)
    assert (truth["YX"[1 - axis]], truth["YX"[axis]]) == ((1.0,) * LAGS, (0.0,) * LAGS)
    assert truth["diagonal"] == 0


def test_what_is_known_by_heart():
    assert true_correlation("1x3")["X"][:3] == pytest.approx((2 / 3, 1 / 3, 0))
    assert true_correlation("5x1")["Y"][:5] == pytest.approx((0.8, 0.6, 0.4, 0.2, 0))
    assert true_correlation("1x3+white")["X"][:2] == pytest.approx((1 / 3, 1 / 6))
    # A Gaussian of deviation s smooths white noise to a correlation of exp(-lag^2 / 4 s^2).
    assert true_correlation("isotropic")["Y"][:3] == pytest.approx(
        np.exp(-np.array([1, 4, 9]) / 4), abs=2e-3
    )
    assert true_correlation("rows+white")["X"] == pytest.approx((0.5,) * LAGS)
    assert true_correlation("cross") == true_correlation("1x3+3x1")


def test_shot_noise_follows_the_image():
    photons = np.full((300, 300), 4.0)
    photons[:, 150:] = 64.0
    noise = structured_noise(photons.shape, "poisson", default_rng(4), photons)
    assert noise[:, 150:].std() / noise[:, :150].std() == pytest.approx(4, rel=0.03)
    assert noise.std() == pytest.approx(1, rel=0.03)


def test_equal_states_give_equal_noise():
    first, again, other = (
        structured_noise((32, 32), "cross", default_rng(seed)) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.2


@pytest.mark.parametrize(
    ("kind", "said"),
    [("isotrop", "isotropic"), ("1x3+witte", "white"), ("1x3,white", r"\+"), ("0x3", "known: ")],
)
def test_an_unknown_kind_is_refused_with_the_nearest(kind, said):
    with pytest.raises(SettingsError, match=f"(?i){said}") as error:
        structured_noise((16, 16), kind, default_rng(0))
    assert len(str(error.value).splitlines()) == 1
