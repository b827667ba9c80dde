"""Training samples: hidden pixels are never shown, runs lie where they should."""

import dataclasses

import numpy as np
import pytest

from n2v_tools.errors import SettingsError, StackError
from n2v_tools.learn.schedule import cosine_rate
from n2v_tools.methods.cellmincer.context import measure_context
from n2v_tools.methods.cellmincer.method import PRESETS, CellMincer, CellMincerSettings

SMALL = CellMincerSettings(patch_px=(32, 32), context=9, targets=4, features="few")
PUBLISHED = CellMincerSettings(**PRESETS["cellmincer"])


def movie(n_frames=60):
    rng = np.random.default_rng(0)
    return (300 + rng.normal(0, 20, (n_frames, 48, 48))).astype(np.float32)


def fitted(settings=SMALL):
    method, frames = CellMincer(settings), movie()
    for _ in range(method.looks_through):
        method = method.looked_through([iter(frames[..., np.newaxis])])
    window = frames[10:40, 8:40, 4:36, np.newaxis]
    method, _ = method.fitted(window[np.newaxis], [300.0], [20.0])
    return method, window, np.array([[0, 10, 8, 4]])


def test_a_run_is_shown_without_trend_in_units_of_the_movie_with_its_own_features():
    method, window, places = fitted()
    picked = method.pick(window[np.newaxis], np.random.default_rng(0), places)
    shown = (picked[0] - 300) / 20
    n_run, facts = 9 + 3, method.movies[0]
    assert shown.shape == (32, 32, n_run + 22 + 2)
    expected = facts.prepared(window[..., 0], range(10, 40), lambda one: one[8:40, 4:36])
    assert expected.std() == pytest.approx(1, abs=0.05)
    starts = [
        t
        for t in range(len(window) - n_run + 1)
        if np.allclose(np.moveaxis(shown[..., :n_run], -1, 0), expected[t : t + n_run], atol=1e-4)
    ]
    assert len(starts) == 1
    np.testing.assert_allclose(shown[..., n_run:-2], facts.features.maps[8:40, 4:36], atol=1e-4)
    np.testing.assert_allclose(shown[..., -2:], facts.features.noise[8:40, 4:36], atol=1e-4)


def test_hidden_pixels_are_the_targets_and_none_of_them_is_shown():
    method, window, places = fitted()
    patches = (method.pick(window[np.newaxis], np.random.default_rng(0), places) - 300) / 20
    shown, told = (np.array(one) for one in method.make_sample(patches.astype(np.float32), [1, 2]))
    targets, hidden = told[..., :4], told[..., 4:] > 0
    assert hidden.mean() == pytest.approx(0.2, abs=0.02)
    middle, before = shown[..., 4:8], patches[..., 4:8]
    np.testing.assert_allclose(targets, before, atol=1e-5)
    assert np.array_equal(middle != before.astype(np.float32), hidden)
    np.testing.assert_array_equal(shown[..., :4], patches[..., :4].astype(np.float32))
    # What stands in their place varies as each pixel's own noise does.
    assert (middle[hidden]).std() == pytest.approx(before.std(), rel=0.1)
    assert abs(np.corrcoef(middle[hidden], before[hidden])[0, 1]) < 0.1


def test_what_stands_in_for_a_hidden_pixel_never_depends_on_it():
    method, window, places = fitted()
    patches = (method.pick(window[np.newaxis], np.random.default_rng(0), places) - 300) / 20
    other = patches.copy()
    other[..., 4:8] += 3
    one, two = (method.make_sample(p.astype(np.float32), [1, 2]) for p in (patches, other))
    hidden = np.array(one[1][..., 4:]) > 0
    a, b = (np.array(sample[0])[..., 4:8] for sample in (one, two))
    np.testing.assert_array_equal(a[hidden], b[hidden])


def test_without_padding_targets_are_what_comes_out():
    settings = dataclasses.replace(
        PUBLISHED, batch_size=1, unet_n_first=2, features="few", context=5
    )
    method = CellMincer(settings)
    patches = np.random.default_rng(0).normal(size=(1, 122, 122, 5 + 22 + 2)).astype(np.float32)
    shown, told = method.make_sample(patches, [3, 4])
    assert shown.shape == (1, 122, 122, 5 + 22) and told.shape == (1, 62, 62, 2)
    assert method.build(1, 0)(shown).shape == (1, 62, 62, 1)
    inner = (np.array(shown)[..., 2] != patches[..., 2])[0, 30:-30, 30:-30]
    np.testing.assert_array_equal(inner, np.array(told)[0, ..., 1] > 0)


def test_the_preset_learns_at_the_published_rates():
    s = PUBLISHED
    steps, expected = (0, 4000, 8000, 44000, 80000), (0, 5e-5, 1e-4, 5e-5, 0)
    rates = [cosine_rate(n / s.steps, s.learning_rate, s.warm_up, s.floor) for n in steps]
    np.testing.assert_allclose(rates, expected, atol=1e-12)
    assert (s.steps, s.batch, s.weight_decay, s.masked_percent) == (80_000, 10, 0.1, 20)
    net = s.net(13)
    assert (net.context, net.n_inputs, net.lost, net.first_filters) == (13, 13 + 74, 30, 64)


@pytest.mark.parametrize(
    "wrong",
    [
        {"context": 12},
        {"patch_px": (16, 64, 64)},
        {"features": "all"},
        {"joint_channels": True},
        {"padded": False, "patch_px": (64, 64), "unet_n_convs": 3},
        {"trend_order": 4},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(SettingsError):
        CellMincerSettings(**wrong)


def test_short_movies_are_refused_with_what_is_needed():
    with pytest.raises(StackError, match="9 frames or more"):
        CellMincer().window_px(5)
    with pytest.raises(StackError, match="21 frames or more"):
        CellMincer(CellMincerSettings(context=21)).window_px(20)


def test_the_context_grows_with_how_long_changes_last():
    rng, contexts = np.random.default_rng(0), []
    for lasts in (0.7, 1.5, 8):
        events = (rng.random((64, 16, 16)) < 0.04).astype(float)
        shape = np.exp(-np.arange(40) / lasts)
        signal = np.apply_along_axis(lambda one, s=shape: np.convolve(one, s)[:64], 0, events)
        large = np.repeat(np.repeat(signal, 4, axis=1), 4, axis=2)
        noisy = 100 + 8 * large + rng.normal(0, 5, large.shape)
        contexts.append(measure_context(noisy[np.newaxis, ..., np.newaxis])[0])
    assert contexts[0] <= contexts[1] < contexts[2]


def test_of_noise_alone_the_usual_context_is_taken():
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=(1, 64, 32, 32, 1))
        assert measure_context(noise)[0] == 13
