"""With measured noise the visible pixels teach too; without, everything is Noise2Void's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.errors import SettingsError
from n2v_tools.methods.n2v.method import N2V, PRESETS, N2VSettings
from n2v_tools.settings import settings_from

tf = keras_backend.load()
RNG = np.random.default_rng(0)
WHITE = (100 + 10 * RNG.normal(size=(64, 64, 64, 1))).astype(np.float32)
STRIPED = (WHITE + np.roll(WHITE, 1, axis=2)) / 2


def fitted(patches: np.ndarray, **settings) -> tuple[N2V, list[str]]:
    n_channels = patches.shape[-1]
    method = N2V(replace(N2VSettings(), **settings))
    return method.fitted(patches, [100.0] * n_channels, [20.0] * n_channels)


def sample(method: N2V, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    normalised = tf.constant((patches - 100) / 20, tf.float32)
    return tuple(t.numpy() for t in method.make_sample(normalised, tf.constant([0, 1], tf.int64)))


def test_white_noise_is_measured_recorded_and_normalised():
    method, notes = fitted(WHITE)
    assert method.noise[0][1] == pytest.approx(0.25, rel=0.05)
    assert method.settings.noise[0][1] == pytest.approx(100, rel=0.05)
    assert "noise measured" in notes[0]


def test_what_was_recorded_repeats_the_method():
    method, _ = fitted(WHITE)
    again, _ = fitted(WHITE, noise=method.settings.noise)
    assert again == method


def test_correlated_noise_leaves_hidden_pixels_alone_to_teach():
    method, notes = fitted(STRIPED)
    assert not method.noise
    assert "correlated along X" in notes[0]
    assert sample(method, STRIPED)[1].shape[-1] == 2


@pytest.mark.parametrize("step", [1.0, 30.0])
@pytest.mark.parametrize(
    ("photons", "teach"), [(0.05, False), (0.5, False), (2.0, False), (8.0, True)]
)
def test_few_photons_leave_hidden_pixels_alone_to_teach(photons, teach, step):
    signal = photons * (1 + 0.5 * np.sin(np.arange(64) / 9))[:, None, None]
    counts = step * np.random.default_rng(1).poisson(signal, (64, 64, 64, 1)).astype(np.float32)
    method, notes = N2V(N2VSettings()).fitted(counts, [counts.mean()], [counts.std()])
    assert bool(method.noise) == teach
    assert ("photons" in notes[0]) != teach


@pytest.mark.parametrize("settings", [{"recorrupt": 0.0}, {"loss": "mae"}, PRESETS["legacy"]])
def test_off_means_the_sample_of_noise2void(settings):
    method, notes = fitted(WHITE, **settings)
    assert not method.noise and not notes


def test_hidden_and_visible_pixels_weigh_the_same_and_only_visible_targets_shift():
    method, _ = fitted(WHITE)
    _, target = sample(method, WHITE)
    noisy, weight, shift = np.split(target, 3, axis=-1)
    hidden = weight > 1
    assert hidden.mean() == pytest.approx(0.06, abs=0.002)
    assert weight[hidden].sum() == pytest.approx(weight[~hidden].sum(), rel=0.02)
    assert np.all(shift[hidden] == 0) and np.all(shift[~hidden] != 0)
    np.testing.assert_allclose(noisy, (WHITE - 100) / 20, rtol=1e-6)


def test_a_hidden_value_leaks_nowhere_into_what_is_shown():
    method, _ = fitted(WHITE)
    shown, target = sample(method, WHITE)
    hidden = target[..., 1:2] > 1
    changed = WHITE.copy()
    place = tuple(np.argwhere(hidden)[0])
    changed[place] += 300
    other, _ = sample(method, changed)
    assert other[place] == shown[place]


def test_the_loss_of_the_truth_is_the_variance_of_the_noise():
    method, _ = fitted(WHITE)
    _, target = sample(method, WHITE)
    loss = float(method.loss()(target, np.zeros((*WHITE.shape[:-1], 1), np.float32)))
    assert loss == pytest.approx(0.25, rel=0.05)


def test_channels_must_match_the_noise_that_is_given():
    with pytest.raises(SettingsError, match=r"noise is given for 1 channel\(s\), but the data"):
        fitted(np.concatenate([WHITE, WHITE], axis=-1), noise=((0.0, 100.0, 0.0),))


def test_a_strength_that_nothing_can_be_learned_with_is_refused():
    with pytest.raises(SettingsError, match=r"recorrupt is 0\.01; it must be 0 \(off\) or"):
        replace(N2VSettings(), recorrupt=0.01)


def test_noise_can_be_given_on_the_command_line():
    settings = settings_from(N2VSettings, {"noise": "[[2.0, -200, 1]]"}, "--set")
    assert settings.noise == ((2.0, -200.0, 1.0),)
