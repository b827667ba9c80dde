import itertools
import tracemalloc

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.errors import SettingsError
from n2v_tools.prepare.strips import find_strips
from n2v_tools.simulate.dome import Dome, _Optics, simulate_dome

SIZES = (2, 12, 96, 80)


@pytest.fixture(scope="module")
def dome():
    return simulate_dome(SIZES, photons=12, seed=3)


def test_noisy_and_clean_are_counts_of_the_sizes_asked_for(dome):
    noisy, clean = dome
    assert (noisy.dtype, clean.dtype) == (np.uint16, np.float32)
    assert noisy.shape == clean.shape == SIZES


def test_photons_are_the_mean_of_the_clean_signal_outside_strips(dome):
    _, clean = dome
    assert (clean[clean > 0].mean() - 100) / 2 == pytest.approx(12, rel=0.02)


def test_the_noise_is_independent_and_has_no_bias(dome):
    noisy, clean = dome
    real = clean > 0
    noise = (noisy - clean)[real]
    assert noise.mean() == pytest.approx(0, abs=0.1)
    assert noise.var() == pytest.approx(2**2 * (12 + 1.6**2), rel=0.05)
    pairs = real[..., 1:] & real[..., :-1]
    both = (noisy - clean)[..., 1:][pairs], (noisy - clean)[..., :-1][pairs]
    assert abs(np.corrcoef(*both)[0, 1]) < 0.02


def test_equal_seeds_give_equal_domes_and_others_do_not(dome):
    noisy, clean = dome
    again, truth = simulate_dome(SIZES, photons=12, seed=3)
    np.testing.assert_array_equal(again, noisy)
    np.testing.assert_array_equal(truth, clean)
    assert not np.array_equal(simulate_dome(SIZES, photons=12, seed=4)[1], clean)


def test_noise_differs_from_plane_to_plane():
    noisy, clean = simulate_dome((2, 2, 32, 32), photons=20, seed=0, strips=False)
    noise = (noisy - clean).reshape(4, -1)
    off_diagonal = np.corrcoef(noise)[np.triu_indices(4, 1)]
    assert np.abs(off_diagonal).max() < 0.12


def test_strips_are_exactly_zero_in_both_and_nothing_else_is(dome):
    noisy, clean = dome
    np.testing.assert_array_equal(noisy == 0, clean == 0)
    for plane in noisy.reshape(-1, *SIZES[2:]):
        strips = find_strips(plane)
        covered = strips.rows[:, np.newaxis] | strips.columns
        np.testing.assert_array_equal(plane == 0, covered)


def test_strips_change_from_plane_to_plane_and_stand_inside_too():
    one = Dome((2, 60, 64, 200), seed=1)
    masks = [one.strip_mask(t, z) for t in range(2) for z in range(60)]
    columns = [mask.all(axis=0) for mask in masks if not mask.all()]
    assert len({c.tobytes() for c in columns}) > 20
    assert sum(c[60:140].any() for c in columns) >= 5
    assert 1 <= sum(bool(mask.all()) for mask in masks) <= 3
    assert all(c[0] or c[-1] for c in columns)


def test_a_dome_without_strips_has_no_zero():
    noisy, clean = simulate_dome((1, 8, 40, 40), seed=0, strips=False)
    assert noisy.all() and clean.all()


@pytest.mark.parametrize(
    "sizes", [(1, 1, 16, 16), (1, 1, 64, 64), (3, 1, 31, 57), (1, 5, 16, 300), (2, 3, 17, 19)]
)
def test_any_size_will_do(sizes):
    noisy, clean = simulate_dome(sizes, photons=10, seed=0)
    assert noisy.shape == sizes
    assert np.isfinite(clean).all() and clean.std() > 0
    assert noisy[0, 0].any()


def test_planes_come_in_the_files_order():
    places = [tuple(place.values()) for place, _, _ in Dome((2, 3, 16, 16)).planes()]
    assert places == list(itertools.product(range(2), range(3)))


def test_a_plane_does_not_depend_on_the_order_of_asking():
    forwards, backwards = (_Optics(Dome((2, 4, 32, 32), seed=0)) for _ in range(2))
    places = list(itertools.product(range(2), range(4)))
    planes = {place: forwards.image(*place) for place in places}
    for place in default_rng(0).permutation(places).tolist():
        np.testing.assert_array_equal(backwards.image(*place), planes[tuple(place)])


def test_the_dome_inflates():
    optics = _Optics(Dome((3, 6, 96, 96), seed=0))
    lumen = [
        (
            optics.tissue._surface(np.stack([*np.mgrid[:96, :96], np.full((96, 96), 5)], -1), t)[1]
            < 0
        )
        for t in range(3)
    ]
    assert lumen[0].sum() < lumen[1].sum() < lumen[2].sum()


def test_a_gaussian_filter_blurs_the_clean_image(dome):
    _, clean = simulate_dome((1, 4, 128, 128), seed=0, strips=False)
    blurred = gaussian_filter(clean, (0, 0, 1.5, 1.5))
    span = clean.max() - clean.min()
    assert 20 * np.log10(span / np.sqrt(np.mean((blurred - clean) ** 2))) < 35


def test_memory_does_not_grow_with_the_number_of_planes():
    peaks = []
    for n_planes in (12, 48):
        tracemalloc.start()
        for _ in Dome((1, n_planes, 64, 64)).planes():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": (0, 4, 32, 32)},
        {"sizes": (1, 4, 8, 32)},
        {"sizes": (4, 32, 32)},
        {"sizes": SIZES, "photons": 0},
        {"sizes": SIZES, "seed": -1},
    ],
)
def test_what_cannot_be_simulated_is_wrong_usage(wrong):
    with pytest.raises(SettingsError, match="--"):
        simulate_dome(**wrong)
