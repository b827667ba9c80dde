"""Blood vessels: how much they cover, how wide and dark they are."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import distance_transform_edt, label

from n2v_tools.simulate.vessels import SHADE, vessel_light


@pytest.mark.parametrize("shape", [(200, 200), (256, 512), (700, 700)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vessels_cover_some_of_the_field_at_any_size(shape, seed):
    light = vessel_light(shape, default_rng(seed))
    assert light.shape == shape and light.dtype == np.float32
    assert 1 - SHADE <= light.min() < 0.2 and light.max() <= 1
    assert 0.05 < (light < 0.5).mean() < 0.18


def test_there_are_wide_ones_thin_ones_and_dots():
    dark = vessel_light((500, 500), default_rng(0)) < 0.5
    pieces, number = label(dark)
    areas = np.bincount(pieces.ravel())[1:]
    assert number > 20 and np.median(areas) < 60  # dots
    large = pieces == 1 + areas.argmax()
    widths = distance_transform_edt(large)
    assert areas.max() > 5000 and widths.max() > 3.5
    thin = large & (widths > 0) & (widths <= 2)
    assert thin.any()


def test_smallest_fields_have_vessels_that_leave_room():
    shares = [(vessel_light((32, 32), default_rng(seed)) < 0.5).mean() for seed in range(20)]
    assert max(shares) < 0.45 and np.mean(shares) > 0.03
