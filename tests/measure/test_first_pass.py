"""What the first pass refuses, and the scale that it finds."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.errors import N2VToolsError
from n2v_tools.measure.file_scores import METRICS, score_files
from n2v_tools.measure.first_pass import Rules
from n2v_tools.measure.metrics import psnr
from n2v_tools.measure.side_by_side import SideBySide
from n2v_tools.prepare.strips import outside_strips
from n2v_tools.stack import Stack


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def scene(shape=(6, 40, 50), seed=0):
    """A clean movie, a noisy and a restored one, counts."""
    clean = gaussian_filter(default_rng(seed).random(shape), (0, 3, 3))
    clean = 200 + 4000 * (clean - clean.min()) / np.ptp(clean)
    noisy = clean + default_rng(seed + 1).normal(0, 400, shape)
    return clean, noisy, gaussian_filter(noisy, (0, 1, 1))


def stacks(clean, noisy, restored, axes="TYX"):
    arrays = {"restored": restored, "clean": clean, "noisy": noisy}
    return {
        role: Stack(array, axes, name=role) for role, array in arrays.items() if array is not None
    }


def score(clean, noisy, restored, axes="TYX", **options):
    find_real = None if options.pop("keep_strips", False) else outside_strips
    rules = Rules(**options)
    side = SideBySide(stacks(clean, noisy, restored, axes), find_real, rules.legacy)
    return score_files(side, rules, default_rng(0))


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


def test_the_range_can_be_given():
    clean, _, restored = scene()
    found = score(clean, None, restored, data_range=65535.0)
    assert found.values["restored"]["psnr"][0] == psnr(restored[0], clean[0], 65535.0)
