from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.video.bands import Bands, Frames, growing_bands, read_frames

BANDS = growing_bands(singles=3, growth=1.5, reach=12, base=20)


def test_runs_grow_and_follow_one_another_without_a_gap():
    runs = growing_bands(singles=6, growth=1.5, reach=63, base=127).runs
    assert runs[0] == (1, 1) and runs[-1][1] == 63
    assert all(after[0] == before[1] + 1 for before, after in pairwise(runs))
    lengths = [last - first + 1 for first, last in runs[6:-1]]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("n_frames", [3, 4, 11, 40, 200])
def test_a_frame_is_never_among_those_it_is_told_from_and_none_is_outside(n_frames):
    for t in range(n_frames):
        found = BANDS.frames(t, n_frames)
        assert len(found) == BANDS.n_images
        for frames in found:
            assert len(frames) and frames.min() >= 0 and frames.max() < n_frames
            assert t not in frames


def test_far_from_the_ends_runs_lie_where_they_are_said_to():
    found = BANDS.frames(100, 200)
    for k, (first, last) in enumerate(BANDS.runs):
        assert sorted(found[1 + k]) == list(range(100 - last, 100 - first + 1))
        assert sorted(found[1 + len(BANDS.runs) + k]) == list(range(100 + first, 100 + last + 1))
    assert sorted(found[0]) == [i for i in range(76, 148) if i != 100]  # 96 to 127, and 20 more


def test_at_an_end_missing_frames_are_those_as_far_away_on_the_other_side():
    found = BANDS.frames(0, 200)
    n = len(BANDS.runs)
    for earlier, later in zip(found[1 : 1 + n], found[1 + n :], strict=True):
        assert sorted(earlier) == sorted(later)


@pytest.mark.parametrize("t", [0, 3, 50, 198, 199])
def test_the_still_image_is_the_mean_of_as_many_frames_everywhere(t):
    assert len(BANDS.frames(t, 200)[0]) == BANDS.n_base(200) - 1


def test_what_a_model_keeps_is_read_back():
    frames = Frames(BANDS, tuple(np.linspace(0.1, 2, BANDS.n_images + 1).tolist()))
    assert read_frames(frames.record()) == frames


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"runs": 3},
        {"runs": [[1, 2, 3]]},
        {"runs": [[1, True]]},
        {"runs": [[0, 4]]},
        {"runs": [[4, 2]]},
        {"runs": [[1, 10**9]]},
        {"base": 0},
        {"base": 2.5},
        {"scales": [1.0]},
        {"scales": "1"},
        {"scales": [float("nan")] * BANDS.n_images + [1]},
        {"scales": [0.0] * (BANDS.n_images + 1)},
    ],
)
def test_what_no_model_keeps_is_refused(wrong):
    right = Frames(BANDS, (1.0,) * (BANDS.n_images + 1)).record()
    with pytest.raises(SettingsError):
        read_frames({**right, **wrong} if isinstance(wrong, dict) else wrong)


def test_impossible_bands_are_refused():
    with pytest.raises(SettingsError, match="runs"):
        Bands((), 5)
