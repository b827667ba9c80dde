"""A scene with its truth, and how to run a filter over it."""

import numpy as np
import pytest
from filter_scene import scene


@pytest.fixture(scope="session")
def flat_scene():
    """Clean and noisy counts (Y, X): Poisson noise with a gain, an offset and read noise."""
    return scene((160, 180))


@pytest.fixture
def rng():
    return np.random.default_rng(0)
