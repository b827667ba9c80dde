"""Neuropil is even on the whole, uneven in space, and flickers as strongly as asked for."""

import numpy as np
import pytest

from n2v_tools.simulate.neuropil import Neuropil
from n2v_tools.simulate.transients import Indicator


@pytest.fixture(scope="module")
def neuropil():
    return Neuropil((96, 130), 0.06, Indicator(), (0, 2))


def test_its_rest_has_the_mean_1_and_is_grainy(neuropil):
    assert neuropil.rest.mean() == pytest.approx(1, abs=1e-3)
    assert 0.1 < neuropil.rest.std() < 0.6
    assert neuropil.rest.min() > 0


def test_its_activity_has_the_deviation_asked_for(neuropil):
    gains = np.stack([neuropil.gain(frame) for frame in range(0, 9000, 45)])
    assert gains.mean() == pytest.approx(1, abs=0.02)
    assert gains.std(axis=0).mean() == pytest.approx(0.06, rel=0.2)


def test_a_weighed_map_gives_its_sum_without_making_the_image(neuropil):
    image = np.random.default_rng(0).random((96, 130)).astype(np.float32)
    weights = neuropil.weigh(image)
    for frame in (0, 77):
        expected = float((image * neuropil.gain(frame)).sum(dtype=np.float64))
        assert neuropil.mean_gain(frame, weights) == pytest.approx(expected, rel=1e-5)
