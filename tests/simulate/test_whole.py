"""Planes that come one by one stand in their place in the whole, whatever their order."""

import numpy as np

from n2v_tools.simulate.whole import collect


def test_each_plane_has_its_place_and_type():
    sizes = (2, 3, 4, 5)
    clean = np.random.default_rng(0).random(sizes)
    noisy = np.arange(120).reshape(sizes)
    places = [(t, z) for z in (2, 0, 1) for t in (1, 0)]
    planes = (({"T": t, "Z": z}, noisy[t, z], clean[t, z]) for t, z in places)
    found_noisy, found_clean = collect(planes, sizes)
    np.testing.assert_array_equal(found_noisy, noisy.astype(np.uint16))
    np.testing.assert_array_equal(found_clean, clean.astype(np.float32))
