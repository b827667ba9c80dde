"""Grey levels of CSBDeep's nets: its numbers, per channel, and the way back."""

import csbdeep.data
import numpy as np
import pytest

from n2v_tools.compat.intensity import NoNormalizer, PercentileNormalizer
from n2v_tools.compat.refusals import WrongValue

IMAGE = np.random.default_rng(0).poisson(40, (2, 30, 20)).astype("uint16") * [[[1]], [[9]]]


@pytest.mark.parametrize("axes", ["CYX", "ZYX"])
@pytest.mark.parametrize("options", [{}, {"pmin": 10, "pmax": 60}, {"clip": True}])
def test_numbers_are_csbdeeps(axes, options):
    ours = PercentileNormalizer(**options).before(IMAGE, axes)
    theirs = csbdeep.data.PercentileNormalizer(**options).before(IMAGE, axes)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert ours.dtype == np.float32


def test_percentiles_become_0_and_1_of_each_channel():
    normalised = PercentileNormalizer(5, 95).before(IMAGE, "CYX")
    found = np.percentile(normalised, (5, 95), axis=(1, 2))
    np.testing.assert_allclose(found, [[0, 0], [1, 1]], atol=1e-6)


def test_after_undoes_before():
    normalizer = PercentileNormalizer()
    restored, none = normalizer.after(normalizer.before(IMAGE, "CYX"), None, "CYX")
    np.testing.assert_allclose(restored, IMAGE, rtol=1e-5)
    assert none is None and normalizer.do_after
    _, scale = normalizer.after(IMAGE, np.ones((2, 1, 1)), "CYX")
    np.testing.assert_allclose(scale[1] / scale[0], 9, rtol=0.3)


def test_an_image_of_one_value_gives_finite_numbers():
    assert not PercentileNormalizer().before(np.full((4, 4), 7, "uint8"), "YX").any()


@pytest.mark.parametrize("percentiles", [(-1, 50), (50, 50), (60, 40), (0, 101)])
def test_percentiles_that_are_none_are_refused(percentiles):
    with pytest.raises(WrongValue, match="0 <= pmin < pmax <= 100"):
        PercentileNormalizer(*percentiles)


def test_without_a_normaliser_nothing_changes():
    normalizer = NoNormalizer(do_after=True)
    assert normalizer.before(IMAGE, "CYX") is IMAGE and normalizer.do_after
    assert normalizer.after(IMAGE, 2, "CYX") == (IMAGE, 2)
