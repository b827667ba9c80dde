"""Whether claimed deviations fit errors: known claims about known errors."""

import numpy as np
import pytest
from calibration import measure_calibration
from numpy.random import default_rng

RNG = default_rng(0)
DEVIATION = RNG.uniform(1, 5, (300, 300))
ERROR = RNG.normal(0, DEVIATION)
BRIGHT = RNG.uniform(100, 200, DEVIATION.shape)


def test_the_true_deviation_is_found_to_be_calibrated_everywhere():
    seen = measure_calibration(ERROR, DEVIATION, BRIGHT)
    assert seen.within_1 == pytest.approx(0.683, abs=0.01)
    assert seen.within_2 == pytest.approx(0.954, abs=0.01)
    assert seen.ratio == pytest.approx(1, abs=0.02)
    assert seen.information > 0.05
    for one in (*seen.by_claim, *seen.by_intensity):
        assert one.claimed == pytest.approx(one.found, rel=0.05)
        assert one.within_1 == pytest.approx(0.683, abs=0.03)
    claims = [one.claimed for one in seen.by_claim]
    assert claims == sorted(claims)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_claims_that_are_too_small_or_large_are_noticed(factor):
    seen = measure_calibration(ERROR, factor * DEVIATION, BRIGHT)
    assert seen.ratio == pytest.approx(factor, rel=0.02)
    assert (seen.within_1 > 0.683) == (factor > 1)
    assert seen.information < 0


def test_a_constant_of_the_rmse_is_what_a_map_is_measured_against():
    constant = np.full_like(ERROR, np.sqrt((ERROR**2).mean()))
    seen = measure_calibration(ERROR, constant, BRIGHT)
    assert seen.information == pytest.approx(0, abs=1e-9)
    assert np.isnan(seen.correlation)
    assert seen.ratio == pytest.approx(1)


def test_a_map_of_the_right_size_in_the_wrong_places_is_worth_less_than_nothing():
    wrong = DEVIATION.ravel()[default_rng(1).permutation(DEVIATION.size)].reshape(DEVIATION.shape)
    seen = measure_calibration(ERROR, wrong, BRIGHT)
    assert abs(seen.correlation) < 0.02
    assert seen.information < 0
    ratios = [one.claimed / one.found for one in seen.by_claim]
    assert max(ratios) > 1.5 and min(ratios) < 0.7


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        measure_calibration(ERROR, np.zeros_like(ERROR), BRIGHT)
    with pytest.raises(ValueError, match="do not fit"):
        measure_calibration(ERROR, DEVIATION[:5], BRIGHT)
