"""What the first pass refuses, and the scale that it finds."""

import numpy as np
import pytest
from numpy.random import default_rng
from scoring import scene, score

from n2v_tools.errors import N2VToolsError
from n2v_tools.measure.file_scores import METRICS
from n2v_tools.measure.metrics import psnr


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_not_finite_pixels_are_refused_by_number_and_place_or_left_out():
    clean, noisy, restored = scene()
    before = score(clean, noisy, restored, skip_nan=True)
    spoilt = restored.copy()
    spoilt[2, 3, 4], spoilt[5, 0, 0] = np.nan, np.inf
    with pytest.raises(N2VToolsError, match=r"restored.* 2 pixels .*T 2, Y 3, X 4"):
        score(clean, noisy, spoilt)
    found = score(clean, noisy, spoilt, skip_nan=True)
    assert found.n_nonfinite == 2
    for metric in METRICS:
        np.testing.assert_allclose(
            found.values["restored"][metric], before.values["restored"][metric], rtol=0.01
        )


@pytest.mark.parametrize("value", [0, 7], ids=["empty", "flat"])
def test_a_truth_without_structure_is_refused(value):
    clean, _, restored = scene()
    with pytest.raises(N2VToolsError, match="clean"):
        score(np.full_like(clean, value), None, restored)
    if value:
        given = score(np.full_like(clean, value), None, restored, data_range=100.0)
        assert np.isfinite(given.values["restored"]["psnr"]).all()
        assert np.isnan(given.values["restored"]["si_psnr"]).all()


@pytest.mark.parametrize(("value", "dtype"), [(65535, np.uint16), (-1e6, np.float32)])
def test_lone_pixels_of_the_truth_do_not_stretch_the_range(value, dtype):
    clean, noisy, restored = scene((4, 60, 70), seed=3)
    clean = clean.astype(dtype)
    usual = score(clean, noisy, restored)
    assert usual.stretched_range is None
    assert usual.data_range == float(clean.max()) - float(clean.min())
    clean[1, 20, 30] = clean[3, 41, 8] = value
    found = score(clean, noisy, restored)
    assert found.data_range == pytest.approx(usual.data_range, rel=0.01)
    assert found.stretched_range > 10 * usual.data_range
    others = [0, 2]  # planes without
    np.testing.assert_allclose(
        found.values["restored"]["psnr"][others], usual.values["restored"]["psnr"][others], atol=0.1
    )


def test_small_bright_objects_are_the_range():
    clean = np.full((2, 60, 60), 100.0)
    clean[:, 30:33, 20:23] = [[300, 900, 300], [900, 5000, 900], [300, 900, 300]]
    found = score(clean, None, clean + default_rng(0).normal(0, 1, clean.shape))
    assert (found.data_range, found.stretched_range) == (4900, None)


def test_the_range_can_be_given():
    clean, _, restored = scene()
    found = score(clean, None, restored, data_range=65535.0)
    assert found.values["restored"]["psnr"][0] == psnr(restored[0], clean[0], 65535.0)
