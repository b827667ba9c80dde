"""Looks at a movie: as many as the preparation needs, and what they take away is put back."""

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.cellmincer.looks import MovieFacts, Preparing, read_preparing


def movie(n_frames=80):
    rng = np.random.default_rng(0)
    fading = np.linspace(1, 0.7, n_frames) * np.exp(rng.normal(0, 0.03, n_frames))
    image = rng.uniform(200, 600, (24, 20))
    return (100 + fading[:, None, None] * image + rng.normal(0, 9, (n_frames, 24, 20)))[..., None]


def looked(preparing, frames):
    facts = MovieFacts(preparing)
    for _ in preparing.looks:
        facts = facts.look(iter(frames.astype(np.float32)))
    return facts


@pytest.mark.parametrize(
    "settings, n_looks",
    [
        ({}, 1),
        ({"trend": "polynomial", "trend_order": 2}, 2),
        ({"trend": "quantile", "dejitter": "median", "baseline": 100.0}, 3),
        ({"dejitter": "lowpass", "features": "all", "feature_depth": 0}, 2),
    ],
)
def test_what_is_taken_away_is_put_back(settings, n_looks):
    preparing, frames = Preparing(**settings), movie()
    assert len(preparing.looks) == n_looks
    facts = looked(preparing, frames)
    assert facts.features.maps.shape == (24, 20, preparing.n_features)
    numbers, part = range(30, 50), (slice(4, 20), slice(3, 17))
    tile = frames[30:50, 4:20, 3:17, 0]
    shown = facts.prepared(tile, numbers, lambda image: image[part])
    assert abs(shown.mean()) < 2 and 0.1 < shown.std() < 3
    assert not np.allclose(shown, tile)
    facts.put_back(shown, numbers, lambda image: image[part])
    np.testing.assert_allclose(shown, tile, rtol=1e-4)


def test_bleaching_and_jitter_are_gone_from_what_is_shown():
    frames = movie()
    both = Preparing(trend="polynomial", dejitter="median", dejitter_frames=9, baseline=100.0)
    spread = []
    for one in (Preparing(), both):
        facts = looked(one, frames)
        shown = facts.prepared(frames[..., 0], range(80), lambda image: image)
        spread.append(facts.features.scale * shown.mean(axis=(1, 2)).std())
    assert spread[1] < 0.2 * spread[0]


def test_an_empty_movie_has_no_features():
    facts = MovieFacts(Preparing()).look(iter([None, None]))
    assert facts.features is None
    with pytest.raises(ValueError, match="looked through"):
        facts.prepared(np.zeros((1, 4, 4)), [0], lambda image: image)


@pytest.mark.parametrize(
    "wrong", [None, [1], {"trend": "cubic"}, {"trend_order": 9}, {"unknown": 1}, {"features": 3}]
)
def test_a_record_of_something_else_is_refused(wrong):
    with pytest.raises(SettingsError):
        read_preparing(wrong)


def test_a_record_is_read_again():
    one = Preparing(trend="quantile", features="all")
    assert read_preparing(one.record()) == one
