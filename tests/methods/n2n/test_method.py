"""Noise2Noise: which frames are a pair, and what a net learns from them."""

import dataclasses

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import keras_backend, modelfolder
from n2v_tools.errors import SettingsError, StackError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.request import TrainRequest
from n2v_tools.jobs.train.run import train_stacks
from n2v_tools.learn.samples import Batches
from n2v_tools.legacy import needs_n2v_tools
from n2v_tools.methods.n2n.method import N2N, PRESETS, N2NSettings
from n2v_tools.prepare.patch_plan import PatchPlan
from n2v_tools.prepare.patches import draw_patches
from n2v_tools.prepare.survey import survey_stack
from n2v_tools.prepare.symmetry import symmetries
from n2v_tools.stack import Stack


def pairs_of(windows, n=400, **settings):
    """What `pick` makes of the windows, asked often enough to see all pairs."""
    method = N2N(N2NSettings(patch_px=(16, 16), **settings))
    rng = default_rng(0)
    return np.concatenate([method.pick(windows, rng) for _ in range(n)])


def numbered(n_frames, n_channels=1):
    """One window in which frame t holds 10 t + channel."""
    frames = 10 * np.arange(n_frames)[:, None, None, None] + np.arange(n_channels)
    shape = (1, n_frames, 16, 16, n_channels)
    return np.broadcast_to(frames, shape).astype(np.uint16)


@pytest.mark.parametrize("max_gap", [1, 2, 20])
def test_nine_frames_give_every_near_pair_in_both_directions_and_no_other(max_gap):
    drawn = pairs_of(numbered(9), max_gap=max_gap)[:, 0, 0] / 10
    expected = {(a, b) for a in range(9) for b in range(9) if 0 < abs(a - b) <= max_gap}
    assert set(map(tuple, drawn.tolist())) == expected


def test_both_directions_are_equally_likely():
    drawn = pairs_of(numbered(9), n=4000)[:, 0, 0]
    assert (drawn[:, 0] < drawn[:, 1]).mean() == pytest.approx(0.5, abs=0.05)


def test_all_channels_of_a_frame_stand_together():
    drawn = pairs_of(numbered(4, n_channels=3))
    assert drawn.dtype == np.float32 and drawn.shape[-1] == 6
    np.testing.assert_array_equal(drawn % 10, np.broadcast_to([0, 1, 2, 0, 1, 2], drawn.shape))
    shown, target = N2N().make_sample(drawn, None)
    np.testing.assert_array_equal(np.unique(np.abs(shown - target)), [10])


def test_pairs_stay_in_their_movie_their_depth_and_their_scene():
    movies = [((9, 2, 24, 30), "TZYX", ()), ((7, 24, 24), "TYX", ()), ((12, 20, 20), "TYX", (5,))]
    stacks, surveys, first = [], [], 0
    place_of = {}  # of every pixel: movie, depth, scene, Y, X and frame
    for i, (shape, axes, cuts) in enumerate(movies):
        values = np.arange(first, first + np.prod(shape), dtype=np.float32).reshape(shape) + 1
        first += values.size
        for at, value in np.ndenumerate(values):
            t, (y, x) = at[0], at[-2:]
            place_of[value] = (i, at[1:-2], sum(t >= cut for cut in cuts), y, x), t
        stacks.append(Stack(values, axes))
        surveys.append(dataclasses.replace(survey_stack(stacks[-1]), cuts=cuts))
    plan = PatchPlan((5, 16, 16), "TYX", 120, 0)
    windows = draw_patches(stacks, surveys, plan, default_rng(1))
    seen = set()
    for pair in pairs_of(windows.train, n=3)[:, ::5, ::5].reshape(-1, 2).tolist():
        (place, t), (other, u) = place_of[pair[0]], place_of[pair[1]]
        assert place == other and abs(t - u) == 1
        seen.add(place[:3])
    assert seen == {(0, (0,), 0), (0, (1,), 0), (1, (), 0), (2, (), 0), (2, (), 1)}


@pytest.mark.parametrize(("loss", "power"), [("mae", 1), ("mse", 2)])
def test_the_loss_of_a_net_that_changes_nothing_is_the_mean_difference_of_frames(loss, power):
    windows = default_rng(0).normal(100, 20, (6, 9, 16, 16, 2)).astype(np.float32)
    pairs = pairs_of(windows, n=1)
    method = N2N(N2NSettings(loss=loss))
    tf = keras_backend.load()
    shown, target = method.make_sample(tf.constant(pairs), None)
    difference = np.abs(pairs[..., :2] - pairs[..., 2:]) ** power
    found = float(tf.reduce_mean(method.loss()(target, shown)))
    assert found == pytest.approx(float(difference.mean()), rel=1e-5)


def batches(seed):
    windows = default_rng(3).normal(100, 20, (20, 9, 16, 16, 1)).astype(np.float32)
    return Batches(windows, 8, [100], [20], symmetries(), seed, N2N())


def test_equal_seeds_give_equal_batches_whatever_came_before():
    first, again = batches(7), batches(7)
    before = [first.batch(step) for step in range(4)]
    np.testing.assert_array_equal(again.batch(3), before[3])
    assert not np.array_equal(before[2], before[3])
    assert not np.array_equal(batches(8).batch(3), before[3])


def test_both_frames_of_a_pair_are_turned_and_normalised_alike():
    ramp = np.arange(256.0).reshape(1, 16, 16, 1) + 1000 * np.arange(9).reshape(9, 1, 1, 1)
    made = Batches(np.stack([ramp] * 4), 8, [1000], [50], symmetries(), 0, N2N()).batch(0)
    difference = made[..., 1] - made[..., 0]
    np.testing.assert_allclose(np.abs(difference), 20, rtol=1e-4)
    assert np.ptp(difference, axis=(1, 2)).max() < 1e-3


def test_settings_that_cannot_be_are_refused():
    for wrong in ({"patch_px": (16, 64, 64)}, {"patch_px": (60, 60)}, {"max_gap": 0}):
        with pytest.raises(SettingsError):
            N2NSettings(**wrong)
    with pytest.raises(StackError, match="n2v"):
        N2N().window_px(1)
    assert N2N().window_px(5) == (5, 64, 64)
    assert N2N(N2NSettings(max_gap=30)).window_px(500)[0] == 31


def test_absolute_errors_are_said_to_be_biased():
    _, notes = N2N(N2NSettings(**PRESETS["n2n-refined"])).fitted(np.empty(0), [0], [1])
    assert "too dark" in notes[0]


def test_a_still_movie_with_independent_noise_comes_near_its_mean(tmp_path):
    y, x = np.mgrid[:48, :48]
    clean = 500 + 100 * np.sin(x / 6) * np.cos(y / 5)
    rng = default_rng(0)
    # Noise that pixels of a row share is no matter, as long as frames do not share it.
    noise = rng.normal(0, 60, (60, 48, 48)) + rng.normal(0, 40, (60, 48, 1))
    movie = np.rint(clean + noise).astype(np.uint16)
    settings = {
        "unet_n_first": 8, "unet_n_depth": 2, "patch_px": (32, 32), "precision": "float32",
        "epochs": 4, "steps_per_epoch": 60, "learning_rate": 0.005,
    }  # fmt: skip
    request = TrainRequest(
        (Stack(movie, "TYX"),), tmp_path, method="n2n", model="still", settings=settings
    )
    model = modelfolder.read_model(train_stacks(request, Progress(quiet=True)).model)
    net = modelfolder.load_net(model)
    normalised = (movie[:8, ..., None].astype(np.float32) - model.means[0]) / model.stds[0]
    restored = net.predict(normalised, verbose=0)[..., 0] * model.stds[0] + model.means[0]
    error = float(np.sqrt(((restored - clean) ** 2).mean()))
    assert error < 0.45 * noise.std()
    assert abs(restored.mean() - clean.mean()) < 0.05 * noise.std()
    assert model.axes == "YX" and model.method == "n2n"
    assert needs_n2v_tools(model.net) == ()
