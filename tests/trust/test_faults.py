"""Results that something went wrong with are called what they are, lone pixels or not."""

import numpy as np
import pytest
from faults import changing_scene, spoil, with_lone_pixels, with_regions
from scipy.ndimage import gaussian_filter

from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored

CALLED = {
    "well": "good",
    "noise added to the input": "noise-added",
    "noise added to the result": "noise-added",
    "shifted by one pixel": "displaced",
    "input shifted by one pixel": "displaced",
    "scaled by 0.9": "rescaled",
    "frames exchanged": "out-of-order",
    "unchanged": "under-trained",
    "unchanged, as float": "under-trained",
}


def judge(noisy, restored, axes="TYX"):
    return judge_restored(Stack(noisy, axes), Stack(np.asarray(restored, np.float32), axes))


@pytest.fixture(scope="module", params=[((24, 72, 96), 1), ((18, 130, 90), 2)], ids=str)
def movie(request):
    return changing_scene(*request.param)


@pytest.mark.parametrize("kind", ["no", "hot", "dead", "cosmic"])
@pytest.mark.parametrize("how", CALLED)
def test_a_movie_is_called_what_it_is(movie, how, kind):
    noisy, restored = movie
    spoilt = with_lone_pixels(noisy, kind, seed=5)
    source = noisy if how == "noise added to the input" else spoilt
    found = judge(spoilt, spoil(how, source, restored, seed=6))
    assert found.overall.name == CALLED[how], found.overall.sentence
    if kind != "dead":  # those may lie within what noise does
        assert (found.verdict("lone-pixels") is not None) == (kind != "no")


@pytest.mark.parametrize("kind", ["no", "hot"])
@pytest.mark.parametrize("how", [how for how in CALLED if how != "frames exchanged"])
def test_an_image_is_called_what_it_is(how, kind):
    noisy, restored = changing_scene((1, 180, 150), 3)
    spoilt = with_lone_pixels(noisy, kind, seed=7)
    result = spoil(how, spoilt, restored, seed=8)
    if how == "noise added to the result":
        result = result + (spoilt.astype(float) - noisy)  # which kept the hot pixels, too
    assert judge(spoilt[0], result[0], "YX").overall.name == CALLED[how]


@pytest.mark.parametrize("kind", ["bar", "border"])
@pytest.mark.parametrize("how", CALLED)
def test_regions_that_are_no_data_change_no_verdict(movie, how, kind):
    noisy, restored = movie
    spoilt = with_regions(noisy, kind)
    result = spoil(how, spoilt, restored, seed=6)
    result = np.where(spoilt != noisy, spoilt, result)  # regions come out as they went in
    found = judge(spoilt, result)
    assert found.overall.name == CALLED[how], found.overall.sentence
    assert found.facts["planes"] == len(noisy)
    if how == "well":
        whole = judge(noisy, restored).facts["noise"]["sigma"]
        assert found.facts["noise"]["sigma"] == pytest.approx(whole, rel=0.1)


def test_a_plane_full_of_regions_is_judged_all_the_same():
    noisy, restored = changing_scene((2, 150, 150), 4)
    spoilt = noisy.copy()
    for start in range(2, 150, 15):  # no box of 16 px is left between them
        spoilt[:, start : start + 3, 4:-4] = 4095
    found = judge(spoilt, np.where(spoilt != noisy, spoilt, restored), "ZYX")
    assert found.overall.name == "good"


def test_what_became_of_lone_pixels_is_told():
    noisy, restored = changing_scene((1, 160, 160), 4)
    spoilt = with_lone_pixels(noisy, "hot", seed=9).astype(float)
    there = spoilt - noisy
    told = {
        "hardly a trace": restored,
        "shows them too": restored + there,
        "spreads them": restored + gaussian_filter(there, (0, 1.2, 1.2)),
    }
    for text, result in told.items():
        verdict = judge(spoilt, result, "ZYX").verdict("lone-pixels")
        assert text in verdict.sentence
        assert verdict.level == ("worry" if text == "spreads them" else "note")
