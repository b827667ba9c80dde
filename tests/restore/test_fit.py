"""A stack unlike the training data gets a warning, one like it gets none."""

import functools
import json
from types import SimpleNamespace

import numpy as np
import pytest
from kinds_of_data import KINDS, SHAPES, make_kind
from numpy.random import default_rng

from n2v_tools.noise.fingerprint import take_fingerprint
from n2v_tools.prepare.survey import survey_stack
from n2v_tools.restore.training_data import Seen, check_fit, look_at
from n2v_tools.stack import Stack


def model(**changes):
    known = {
        "name": "mito", "axes": "YX", "n_channels": 1, "means": (200.0,), "stds": (40.0,),
        "deviation_known": True,
        "own": {"pixel_size": {"Y": 0.1, "X": 0.1, "unit": "micron"}},
        "left_channels": (),
    }  # fmt: skip
    return SimpleNamespace(**{**known, **changes})


def stack(mean=200, std=40, spacing=0.1, unit="um", axes="TYX"):
    counts = default_rng(0).normal(mean, std, (5, 40, 50)).clip(1).astype(np.uint16)
    counts[:, :, :20] = 0  # strips: no part of the intensity
    return Stack(counts, axes, {"Y": spacing, "X": spacing}, unit)


def test_data_like_the_training_data_gets_no_warning():
    assert check_fit(stack(), model()) == []
    assert check_fit(stack(spacing=100, unit="nm"), model()) == []
    assert check_fit(stack(spacing=0.118), model()) == []


@pytest.mark.parametrize("spacing", [0.07, 0.13])
def test_another_pixel_size_gets_one_warning(spacing):
    warnings = check_fit(stack(spacing=spacing), model())
    assert len(warnings) == 1
    assert str(spacing) in warnings[0] and "0.1 um" in warnings[0]


@pytest.mark.parametrize("unit", [None, "pixel"])
def test_an_unknown_pixel_size_is_no_reason_to_warn(unit):
    assert check_fit(stack(spacing=7, unit=unit), model()) == []
    assert check_fit(stack(spacing=7), model(own={})) == []
    assert check_fit(stack(spacing=7), model(own={"pixel_size": {"Y": "x", "unit": 3}})) == []


@pytest.mark.parametrize(("mean", "std"), [(400, 40), (2000, 400), (200, 5)])
def test_another_intensity_gets_one_warning(mean, std):
    (warning,) = check_fit(stack(mean, std), model())
    assert "intensity" in warning and "mito" in warning


def test_a_model_whose_counts_are_not_divided_says_nothing_about_intensity():
    asked = model(stds=(1.0,), deviation_known=False, own={"settings": {"normalise": "mean"}})
    assert check_fit(stack(), asked) == []
    assert check_fit(stack(), model(stds=(1.0,), own={"settings": ["mean"]}))


def test_each_channel_is_compared_with_its_own():
    two = model(n_channels=2, means=(200.0, 9000.0), stds=(40.0, 40.0))
    counts = default_rng(0).normal(200, 40, (2, 30, 30)).astype(np.float32)
    (warning,) = check_fit(Stack(counts, "CYX"), two)
    assert "channel 1" in warning


def test_a_model_that_fits_itself_to_each_stack_is_not_compared():
    assert check_fit(stack(9000, 40), model(means=(), stds=())) == []


def fingerprint(**changes):
    return {"fingerprint": {**take_fingerprint([stack()]), **changes}}


def test_data_with_the_noise_of_the_training_data_gets_no_warning():
    assert check_fit(stack(), model(own=fingerprint())) == []


def test_other_noise_gets_one_warning_even_where_intensity_fits():
    (warning,) = check_fit(stack(std=80), model(own=fingerprint()))
    assert "the noise is 2" in warning and "mito" in warning and "\n" not in warning


@pytest.mark.parametrize("damage", [{"channels": "x"}, {"format": None}, {"channels": [{}]}])
def test_a_damaged_fingerprint_is_no_reason_to_warn(damage):
    assert check_fit(stack(std=80), model(own=fingerprint(**damage))) == []


def test_a_model_that_fits_itself_to_each_stack_has_no_noise_of_its_own():
    assert check_fit(stack(std=80), model(means=(), stds=(), own=fingerprint())) == []


@functools.cache
def data(kind, axes, seed):
    return Stack(make_kind(kind, axes, seed), axes)


@functools.cache
def recorded(kind, axes):
    """What a training records of its data."""
    stack = data(kind, axes, seed=1)
    survey = survey_stack(stack)
    own = json.loads(json.dumps({"fingerprint": take_fingerprint([stack])}))
    return {"means": survey.mean, "stds": survey.std, "own": own}


@pytest.mark.parametrize("axes", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_model_warns_of_the_data_it_was_trained_on(kind, axes):
    trained = model(axes=axes[-3:], **recorded(kind, axes))
    assert check_fit(data(kind, axes, seed=1), trained) == []


@pytest.mark.parametrize("kind", KINDS)
def test_nor_of_more_of_the_same_kind(kind):
    assert check_fit(data(kind, "TYX", seed=2), model(**recorded(kind, "TYX"))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_but_of_the_same_data_much_brighter(kind):
    brighter = 3000.0 + 20 * np.asarray(data(kind, "TYX", seed=1).array, np.float64)
    assert check_fit(Stack(brighter, "TYX"), model(**recorded(kind, "TYX")))


def test_intensity_that_was_fitted_is_not_compared_again():
    there, seen = model(own=fingerprint()), look_at(stack(200, 12))
    assert any("intensity is" in one for one in check_fit(stack(), there, [Seen(200, 5)]))
    assert not any("intensity" in one for one in check_fit(stack(), there, seen, fitted=True))
