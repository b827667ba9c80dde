"""Verdicts on restorations whose failing is known."""

from collections import Counter

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter
from verdict_cases import calcium, dome_plane, patterned, restorations, sheet, smooth

from n2v_tools.stack import Stack
from n2v_tools.trust import OVERALL
from n2v_tools.trust.quality import judge_restored

SHOWN_BY = {  # checks that worry where the whole is called so
    "over-smoothed": {"signal-lost", "time-lost", "time-delay"},
    "under-trained": {"noise-kept"},
    "hallucinated": {"invented", "time-invented"},
    "structured-noise-left": {"shared-noise"},
    "noise-added": {"invented", "time-invented"},
    "displaced": {"displacement", "time-delay"},
    "out-of-order": {"order"},
    "rescaled": {"gain"},
}

SCENES = {
    "dome": lambda: dome_plane(160, 20, 900),
    "cells": lambda: sheet(160, 30, 901),
    "rows of noise": lambda: patterned(192, "1x3", 0.8, 902),
    "movie": lambda: calcium(32, 48, 40, 903),
}


@pytest.mark.parametrize("make", SCENES.values(), ids=SCENES)
def test_nine_of_ten_verdicts_are_right(make):
    scene = make()
    wrong, asked = [], Counter()
    for case in restorations(scene, 5):
        quality = judge_restored(scene.stack, Stack(case.restored, scene.axes))
        found, worries = (
            quality.overall.name,
            {v.name for v in quality.verdicts if v.level == "worry"},
        )
        assert found not in SHOWN_BY or worries & SHOWN_BY[found]
        asked[case.truth] += 1
        if found != case.truth:
            wrong.append(f"{case.how}: {found}, not {case.truth}")
    assert set(asked) >= set(OVERALL[:4])
    assert len(wrong) <= 0.1 * asked.total(), wrong


@pytest.fixture(scope="module")
def cells():
    return sheet(160, 30, 910)


def judge(scene, restored, **options):
    return judge_restored(scene.stack, Stack(np.asarray(restored), scene.axes), **options)


def test_an_untouched_file_is_told_from_a_restored_one(cells):
    found = judge(cells, cells.noisy)
    assert found.overall.name == "under-trained"
    assert "equal" in found.verdict("noise-kept").sentence


@pytest.mark.parametrize("value", [0, 500])
def test_a_constant_image_is_no_cause_for_a_verdict(value):
    noisy = Stack(np.full((128, 128), value, np.uint16), "YX")
    restored = Stack(np.full((128, 128), value + 1, np.float32), "YX")
    assert judge_restored(noisy, restored).overall.name == "cannot-tell"


def test_nothing_but_noise_says_that_lost_structure_cannot_be_told():
    noisy = default_rng(0).normal(1000, 20, (192, 192)).astype(np.float32)
    flat = default_rng(1).normal(1000, 0.02, noisy.shape)  # a file of one value is refused
    found = judge_restored(Stack(noisy, "YX"), Stack(flat, "YX"))
    assert found.overall.name == "good"
    assert found.verdict("signal-lost").level == "cannot tell"


def test_a_small_image_cannot_be_told():
    noisy = default_rng(0).normal(1000, 20, (20, 20)).astype(np.float32)
    found = judge_restored(Stack(noisy, "YX"), Stack(gaussian_filter(noisy, 1), "YX"))
    assert found.overall.name == "cannot-tell"


def test_grey_levels_of_its_own_are_told_and_do_not_hide_the_rest(cells):
    own = (smooth(cells.noisy, 1) - 100) / 5000
    found = judge(cells, own.astype(np.float32))
    gain = found.verdict("gain")
    assert gain.level == "worry"
    assert "5" in gain.sentence
    assert found.overall.name == "rescaled"
    assert found.verdict("signal-lost").level == found.verdict("noise-kept").level == "good"
    assert any("brightness between planes" in text for text in found.do_not_measure)


def test_noise_left_is_measured():
    scene = sheet(256, 60, 911)
    for share in (0.3, 0.6):
        restored = scene.clean + share * (scene.noisy - scene.clean.astype(np.float64))
        kept = judge(scene, restored).verdict("noise-kept").value
        assert kept == pytest.approx(100 * share, abs=14)  # less what any filter keeps


def test_a_plane_that_was_scaled_by_itself_stands_out():
    scene = dome_plane(128, 60, 912, 4)
    restored = scene.clean.astype(np.float64).copy()
    assert judge(scene, restored).verdict("gain").level == "good"
    restored[2] = 100 * (restored[2] > 0) + 0.7 * (restored[2] - 100 * (restored[2] > 0))
    assert judge(scene, restored).verdict("gain").level == "worry"


def test_pixels_that_are_saturated_or_cut_off_are_told(cells):
    top = np.percentile(cells.noisy, 98)
    noisy = np.minimum(cells.noisy, top)
    restored = smooth(cells.noisy, 1)
    restored = np.maximum(restored, np.percentile(restored, 5))
    found = judge_restored(Stack(noisy, "ZYX"), Stack(restored, "ZYX"))
    assert found.verdict("saturated").value == pytest.approx(2, abs=0.7)
    assert found.verdict("floored").value == pytest.approx(5, abs=1)
