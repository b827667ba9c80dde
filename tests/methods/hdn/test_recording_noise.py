"""Levels that do not see the image, by how far neighbours share noise."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter

from n2v_tools.errors import StackError
from n2v_tools.methods.hdn.recording_noise import MeasuredNoise, blind_levels, measure
from n2v_tools.stack import Stack


@pytest.mark.parametrize(
    ("shared", "n_levels", "blind"),
    [(0, 4, ()), (1, 4, (0,)), (2, 4, (0,)), (3, 4, (0, 1)), (4, 4, (0, 1)), (5, 6, (0, 1, 2)),
     (99, 4, (0, 1, 2)), (4, 1, ())],
)  # fmt: skip
def test_the_finest_level_that_sees_is_twice_as_wide_as_noise_is_shared(shared, n_levels, blind):
    found, why = blind_levels(MeasuredNoise(0.0, 1.0, shared), n_levels)
    assert found == blind
    assert bool(why) == bool(blind)
    if blind and len(blind) < n_levels - 1:
        assert 2 ** (len(blind) + 1) >= 2 * shared


def frames(filtered):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    noise = np.stack([filtered(one) for one in rng.normal(size=(12, 128, 128))])
    return 500 + 50 * np.sin(x / 20) * np.cos(y / 17) + 30 * noise / noise.std()


CASES = {
    "white": (lambda one: one, 0),
    "three pixels along X": (lambda one: uniform_filter(one, (1, 3)), 2),
    "a Gaussian of 1 px": (lambda one: gaussian_filter(one, 1.0), 3),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_noise_that_neighbours_share_is_found(case):
    filtered, shared = case
    found = measure(
        [Stack(frames(filtered).astype(np.float32), "TYX")], seed=0, keep_strips=False, needed=True
    )
    assert shared <= found.shared_px <= shared + bool(shared)
    assert found.variance_at(500.0) == pytest.approx(900, rel=0.1)


def test_what_cannot_be_measured_is_said_with_what_to_pass():
    flat = Stack(np.zeros((4, 64, 64), np.float32), "TYX", name="dark")
    with pytest.raises(StackError, match="noise"):
        measure([flat], seed=0, keep_strips=False, needed=True)
    assert measure([flat], seed=0, keep_strips=False, needed=False).shared_px == 0
