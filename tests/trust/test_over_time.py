"""What is said of movies: changes, delay, what becomes of them."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from verdict_cases import calcium

from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored


@pytest.fixture(scope="module")
def movie():
    return calcium(64, 64, 60, 920)


def judge(movie, restored):
    return judge_restored(movie.stack, Stack(np.asarray(restored, np.float32), "TYX"))


def test_a_true_movie_is_neither_late_nor_smoothed(movie):
    found = judge(movie, movie.clean)
    assert found.overall.name == "good"
    assert found.verdict("time-delay").value == 0
    assert found.verdict("time-delay").level == "good"
    assert found.verdict("time-lost").level == "good"
    assert any("dF/F" in text for text in found.do_not_measure)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_delay_is_told_in_frames(movie, frames):
    late = np.concatenate([np.repeat(movie.clean[:1], frames, 0), movie.clean[:-frames]])
    found = judge(movie, late).verdict("time-delay")
    assert found.level == "worry"
    assert found.value == pytest.approx(frames, abs=1)


def test_what_only_looks_back_comes_late(movie):
    restored = movie.noisy.astype(np.float64)
    for t in range(1, len(restored)):
        restored[t] = 0.2 * restored[t] + 0.8 * restored[t - 1]
    found = judge(movie, gaussian_filter(restored, (0, 1, 1)))
    assert found.verdict("time-delay").level == "worry"
    assert any("when something happened" in text for text in found.do_not_measure)


def test_a_frame_told_from_its_neighbours_alone_is_not_late(movie):
    noisy = movie.noisy.astype(np.float64)
    padded = np.pad(noisy, ((3, 3), (0, 0), (0, 0)), mode="reflect")
    n = len(noisy)
    around = sum(padded[i : i + n] for i in (0, 1, 2, 4, 5, 6)) / 6
    found = judge(movie, gaussian_filter(around, (0, 1, 1))).verdict("time-delay")
    assert (found.level, found.value) == ("good", 0)


def test_changes_that_were_averaged_away_are_missed(movie):
    found = judge(movie, np.repeat(movie.clean.mean(axis=0, keepdims=True), 64, axis=0))
    assert found.verdict("time-lost").level == "worry"
    assert found.overall.name == "over-smoothed"


def test_curves_follow_the_field(movie):
    curves = judge(movie, movie.clean).curves
    np.testing.assert_allclose(curves["trace_restored"], movie.clean.mean(axis=(1, 2)), rtol=1e-4)
    np.testing.assert_allclose(curves["tstd_noisy"], movie.noisy.std(axis=0), rtol=1e-3)
    assert curves["tstd_restored"].shape == (64, 64)
    assert len(curves["trace_frame"]) == 64
