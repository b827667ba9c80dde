"""Recordings with noise of a chosen kind: the truth, the strength, the counts."""

import tracemalloc

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.kinds import true_correlation
from n2v_tools.simulate.structured import Recording, Structured, cell_image, simulate_structured

SIZES = (2, 3, 160, 128)


@pytest.mark.parametrize("kind", ["white", "1x3", "isotropic", "poisson", "5x1+poisson"])
@pytest.mark.parametrize("ratio", [0.3, 2])
def test_noise_has_the_deviation_asked_for_and_no_bias(kind, ratio):
    noisy, clean = simulate_structured(SIZES, kind, ratio)
    noise, signal = noisy - clean.astype(float), clean.std()
    assert (noisy.dtype, clean.dtype) == (np.uint16, np.float32)
    assert noise.std() / signal == pytest.approx(ratio, rel=0.03)
    assert noise.mean() == pytest.approx(0, abs=0.03 * noise.std())


@pytest.mark.parametrize("kind", ["1x3", "5x1", "cross"])
def test_what_is_recorded_is_correlated_as_the_noise_is(kind):
    noisy, clean = simulate_structured((1, 1, 512, 512), kind)
    noise, truth = (noisy - clean)[0, 0], true_correlation(kind)
    for axis, name in enumerate("YX"):
        line = np.moveaxis(noise, axis, 0)
        measured = [(line[:-lag] * line[lag:]).mean() / noise.var() for lag in range(1, 11)]
        np.testing.assert_allclose(measured, truth[name], atol=0.03)


def test_nothing_is_clipped_however_strong_the_noise():
    for kind, ratio in [("white", 20), ("poisson", 3), ("poisson", 0.02), ("rows", 0.01)]:
        noisy, clean = simulate_structured((1, 1, 64, 64), kind, ratio)
        assert 1 < noisy.min() and noisy.max() < 65_535
        assert (noisy - clean).std() > 1  # counts: rounding is not what is seen


def test_planes_have_the_same_scene_in_time_another_depth_in_z_and_noise_of_their_own():
    noisy, clean = simulate_structured(SIZES, "white", 1, seed=1)
    np.testing.assert_array_equal(clean[0], clean[1])
    assert not np.array_equal(clean[0, 0], clean[0, 1])
    noise = (noisy - clean).reshape(6, -1)
    assert np.abs(np.corrcoef(noise)[np.triu_indices(6, 1)]).max() < 0.05


def test_equal_seeds_give_equal_recordings_and_others_do_not():
    first, again, other = (
        simulate_structured((1, 1, 48, 48), "1x3", 1, seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_photons_set_the_signal():
    wanted = Structured((1, 1, 64, 64), "white", 0.5, photons=40)
    recording = Recording(wanted)
    ((_, _, clean),) = recording.planes()
    assert (clean.mean() - recording.offset) / recording.gain == pytest.approx(40, rel=1e-3)


def test_shot_noise_varies_with_the_signal():
    recording = Recording(Structured((1, 1, 256, 256), "poisson", 1))
    ((_, noisy, clean),) = recording.planes()
    photons = (clean - recording.offset) / recording.gain
    noise = (noisy - clean) / recording.gain
    dim = photons < np.median(photons)
    for part in (dim, ~dim):
        assert noise[part].var() == pytest.approx(photons[part].mean(), rel=0.05)


def test_cells_are_sharp_and_fill_the_image():
    image = cell_image((200, 300))
    assert image.shape == (200, 300) and image.min() > 0
    parts = [part.std() for part in np.array_split(image, 4, axis=1)]
    assert min(parts) > 0.5 * max(parts)


def test_memory_does_not_grow_with_the_number_of_planes():
    peaks = []
    for n_planes in (3, 12):
        tracemalloc.start()
        for _ in Recording(Structured((1, n_planes, 64, 64), "1x3")).planes():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": (1, 1, 8, 64)},
        {"sizes": (64, 64)},
        {"kind": "blue"},
        {"noise_to_signal": 0.0},
        {"noise_to_signal": float("nan")},
        {"photons": -1.0},
        {"photons": 5.0, "kind": "white+poisson"},
        {"seed": -1},
    ],
)
def test_what_cannot_be_simulated_is_wrong_usage(wrong):
    with pytest.raises(SettingsError, match="--"):
        Structured(**{"sizes": (1, 1, 64, 64), "kind": "1x3", **wrong})
