import csv
import functools

import h5py
import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.errors import N2VToolsError
from n2v_tools.learn.checkpoints import STATE_NAME
from n2v_tools.learn.loop import run_loop
from n2v_tools.learn.loop_plan import LoopPlan
from n2v_tools.learn.samples import Batches, training_dataset
from n2v_tools.methods.n2v.method import N2V, N2V2, N2VSettings
from n2v_tools.nets.unet import NetSettings
from n2v_tools.prepare.symmetry import symmetries

SMALL = {
    "unet_n_first": 4, "unet_n_depth": 1, "patch_px": (16, 16), "batch_size": 8,
    "replacement": "mean",
}  # fmt: skip


def noisy_patches(n=80, shape=(16, 16), seed=0):
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, shape[-1])
    clean = 100 + 50 * np.sin(6 * ramp + rng.uniform(0, 6, size=(n, *(1,) * len(shape))))
    return (clean + rng.normal(0, 20, size=(n, *shape)))[..., None].astype(np.float32)


def train(
    folder,
    epochs=4,
    resume=False,
    stop_after=None,
    plan=None,
    seed=0,
    steps=None,
    with_validation=True,
    broken_validation=False,
    **settings,
):
    folder.mkdir(exist_ok=True)
    keras_backend.set_precision("float32")
    keras_backend.make_repeatable(seed)
    method = N2V(N2VSettings(**{**SMALL, **settings}))
    shape = method.settings.patch_px
    patches = noisy_patches(shape=shape)
    means, stds = [float(patches.mean())], [float(patches.std())]
    training = Batches(patches[:64], 8, means, stds, symmetries(), seed)
    held_out = patches[64:] * (np.nan if broken_validation else 1)
    validation = Batches(held_out, 8, means, stds, symmetries()[:1], seed + 1)
    validation = validation if with_validation else None
    model = method.build(1, seed=seed)

    def report(progress):
        if steps is not None:
            steps.append(progress.step)
        if stop_after is not None and progress.step == stop_after:
            raise KeyboardInterrupt

    state = run_loop(
        model, method.loss(), method.make_sample, training, validation,
        plan or LoopPlan(epochs, 6, 0.01), folder, resume=resume, progress=report,
    )  # fmt: skip
    return model, state


def weights_in(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "shape") else None
        )
    return found


def history(folder):
    with (folder / "training.csv").open() as lines:
        return list(csv.DictReader(lines))


def test_loss_falls_on_noisy_waves_and_the_history_tells_it(tmp_path):
    _, state = train(tmp_path / "m", epochs=6)
    rows = history(tmp_path / "m")
    assert [row["epoch"] for row in rows] == list("123456")
    assert list(rows[0]) == ["epoch", "loss", "val_loss", "learning_rate", "seconds"]
    assert float(rows[-1]["val_loss"]) < 0.7 * float(rows[0]["loss"])
    assert state.best_val_loss == pytest.approx(min(float(r["val_loss"]) for r in rows), rel=1e-5)
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Return a function that trains by a schedule, once: plan, folder and weights."""

    @functools.cache
    def train_by(schedule):
        plan = LoopPlan(4, 6, 0.01, schedule=schedule, plateau_patience=1, plateau_factor=0.3)
        folder = tmp_path_factory.mktemp("whole")
        model, _ = train(folder, plan=plan)
        return plan, folder, model.get_weights()

    return train_by


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
@pytest.mark.parametrize("stop_after", [7, 13, 17])
def test_a_resumed_training_gives_what_the_unbroken_one_gives(
    unbroken, tmp_path, schedule, stop_after
):
    plan, folder, whole = unbroken(schedule)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "broken", plan=plan, stop_after=stop_after)
    steps = []
    resumed, state = train(tmp_path / "broken", plan=plan, resume=True, steps=steps)
    assert steps == list(range(stop_after // 6 * 6 + 1, 25))  # from the last epoch, not anew
    assert state.step == 24
    for ours, theirs in zip(resumed.get_weights(), whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    for name in ("loss", "val_loss", "learning_rate"):
        ours = [float(row[name]) for row in history(tmp_path / "broken")]
        theirs = [float(row[name]) for row in history(folder)]
        assert ours == pytest.approx(theirs, rel=1e-4)
    for file in ("weights_best.h5", "weights_last.h5"):
        best, expected = (
            weights_in(tmp_path / "broken" / file),
            weights_in(folder / file),
        )
        assert best.keys() == expected.keys()
        for name in best:
            np.testing.assert_allclose(best[name], expected[name], rtol=1e-4, atol=1e-5)


def test_equal_seeds_give_equal_weights_and_other_seeds_others(tmp_path):
    first, _ = train(tmp_path / "a", epochs=2)
    again, _ = train(tmp_path / "b", epochs=2)
    other, _ = train(tmp_path / "c", epochs=2, seed=5)
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(
        (a != c).any() for a, c in zip(first.get_weights(), other.get_weights(), strict=True)
    )


def test_a_loss_that_is_not_finite_stops_with_advice_and_no_finished_weights(tmp_path):
    plan = LoopPlan(4, 6, 1e25, schedule="constant")
    with pytest.raises(N2VToolsError, match="learning_rate"):
        train(tmp_path / "m", plan=plan)
    assert not (tmp_path / "m" / "weights_last.h5").exists()


def test_resuming_after_the_last_checkpoint_does_not_train_on(tmp_path):
    plan = LoopPlan(10, 6, 0.01, max_steps=8)
    _, whole = train(tmp_path / "m", plan=plan)
    (tmp_path / "m" / "weights_last.h5").unlink()
    _, state = train(tmp_path / "m", plan=plan, resume=True)
    assert (state.step, state.epoch) == (whole.step, whole.epoch)
    assert (tmp_path / "m" / "weights_last.h5").exists()


def test_without_validation_the_plateau_watches_the_training_loss(tmp_path):
    plan = LoopPlan(8, 3, 1e-7, schedule="plateau", plateau_patience=1, plateau_factor=0.5)
    train(tmp_path / "m", plan=plan, with_validation=False)
    rates = [float(row["learning_rate"]) for row in history(tmp_path / "m")]
    assert rates[-1] < rates[0]
    assert (tmp_path / "m" / "weights_best.h5").exists()


def test_a_validation_loss_that_is_not_finite_stops_too(tmp_path):
    with pytest.raises(N2VToolsError, match="NaN"):
        train(tmp_path / "m", broken_validation=True)


def test_weights_that_break_behind_a_sound_loss_stop_the_training(tmp_path, monkeypatch):
    real = NetSettings.build

    def build(settings, seed):
        net = real(settings, seed)
        # ReLU makes NaN into 0 on processors: the loss stays finite.
        kernel = net.get_layer("channel_0down_level_1_no_0").kernel
        kernel.assign(np.full(kernel.shape, np.nan, np.float32))
        return net

    monkeypatch.setattr(NetSettings, "build", build)
    with pytest.raises(N2VToolsError, match="NaN"):
        train(tmp_path / "m", unet_n_depth=2)
    assert not (tmp_path / "m" / "weights_best.h5").exists()


def test_training_ends_at_the_step_asked_for_within_an_epoch(tmp_path):
    _, state = train(tmp_path / "m", plan=LoopPlan(10, 6, 0.01, max_steps=8))
    assert state.step == 8
    assert len(history(tmp_path / "m")) == 2


def test_three_dimensions_and_n2v2_train_too(tmp_path):
    _, state = train(
        tmp_path / "m", epochs=2, patch_px=(8, 16, 16), blurpool=True, skip_skipone=True
    )
    assert np.isfinite(state.best_val_loss)
    assert N2V2().settings.blurpool and N2V2().settings.skip_skipone


def test_the_state_left_for_resuming_holds_no_pickles(tmp_path):
    train(tmp_path / "m", epochs=1)
    with np.load(tmp_path / "m" / STATE_NAME, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_every_patch_is_used_once_a_round_and_batches_can_be_made_again():
    patches = noisy_patches(20)
    batches = Batches(patches, 6, [0.0], [1.0], symmetries(), seed=3)
    numbers = np.concatenate([batches.numbers(step) for step in range(10)])
    assert sorted(numbers[:20]) == sorted(numbers[20:40]) == list(range(20))
    again = Batches(patches, 6, [0.0], [1.0], symmetries(), seed=3)
    np.testing.assert_array_equal(again.batch(7), batches.batch(7))


def test_the_dataset_goes_on_at_any_step_with_the_batches_of_the_unbroken_one():
    method = N2V(N2VSettings(**SMALL))
    batches = Batches(noisy_patches(20), 8, [100.0], [40.0], symmetries(), seed=3)
    whole = list(training_dataset(batches, method.make_sample).take(5))
    rest = list(training_dataset(batches, method.make_sample, first_step=3).take(2))
    for one, other in zip(whole[3:], rest, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_patches_are_left_as_they_are_by_turning_and_normalising():
    patches = noisy_patches(8)
    before = patches.copy()
    Batches(patches, 8, [100.0], [40.0], symmetries(), seed=0).batch(0)
    np.testing.assert_array_equal(patches, before)


def test_nothing_sleeps_in_the_background_of_the_batches():
    """TensorFlow's tuner does: giving up the batches waited for it, up to a minute."""
    method = N2V(N2VSettings(**SMALL))
    batches = Batches(noisy_patches(20), 8, [100.0], [40.0], symmetries(), seed=3)
    assert training_dataset(batches, method.make_sample).options().autotune.enabled is False


def test_weights_decay_by_the_rate_times_the_share_asked_for(tmp_path):
    plans = [LoopPlan(1, 6, 0.01, schedule="constant", weight_decay=one) for one in (0.0, 0.5)]
    kept, decayed = (
        sum(float((w**2).sum()) for w in train(tmp_path / str(i), plan=plan)[0].get_weights())
        for i, plan in enumerate(plans)
    )
    assert decayed < 0.97 * kept


def test_a_resumed_training_with_decay_is_the_unbroken_one(tmp_path):
    plan = LoopPlan(3, 6, 0.01, weight_decay=0.1)
    whole, _ = train(tmp_path / "a", plan=plan)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "b", plan=plan, stop_after=14)
    resumed, _ = train(tmp_path / "b", plan=plan, resume=True)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
