"""Steps that are not finite, and trainings that gain nothing; see `learn.callbacks`."""

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.errors import N2VToolsError
from n2v_tools.learn.callbacks import MOST_RESTORED, MOST_SKIPPED
from n2v_tools.learn.loop import run_loop
from n2v_tools.learn.loop_plan import LoopPlan
from n2v_tools.learn.samples import Batches
from n2v_tools.prepare.symmetry import symmetries

tf = keras_backend.load()
STEPS = 5  # an epoch


def train(folder, broken=(), **plan):
    """Let one convolution learn; steps in `broken` have targets that are not finite."""
    folder.mkdir(exist_ok=True)
    keras_backend.make_repeatable(0)
    patches = np.random.default_rng(0).normal(size=(24, 8, 8, 1)).astype(np.float32)
    training = Batches(patches[:16], 4, [0.0], [1.0], symmetries()[:1], 0)
    validation = Batches(patches[16:], 4, [0.0], [1.0], symmetries()[:1], 1)
    steps = tf.constant([*broken, -1], tf.int64)

    def make_sample(patches, seed):
        is_broken = tf.reduce_any(tf.equal(seed[1], steps)) & tf.equal(seed[0], 0)
        return patches, tf.where(is_broken, np.float32("nan"), 2 * patches)

    image = tf.keras.Input((None, None, 1))
    layer = tf.keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros")
    model = tf.keras.Model(image, layer(image))
    chosen = {"epochs": 4, "schedule": "constant", "learning_rate": 0.05, **plan}
    settings = LoopPlan(steps_per_epoch=STEPS, skip_broken_steps=True, **chosen)
    state = run_loop(
        model, tf.keras.losses.mean_squared_error, make_sample, training, validation, settings,
        folder,
    )  # fmt: skip
    return state, model.get_weights()


def test_a_broken_step_changes_nothing_and_is_counted(tmp_path):
    state, weights = train(tmp_path / "a", broken=(2, 7, 8))
    assert (state.skipped, state.restored, state.step) == (3, 0, 4 * STEPS)
    assert all(np.isfinite(one).all() for one in weights)
    losses = [row["loss"] for row in state.rows]
    assert np.isfinite(losses).all() and losses[-1] < 0.8 * losses[0]


def test_only_broken_steps_leave_the_weights_of_the_start(tmp_path):
    state, weights = train(tmp_path / "a", broken=range(STEPS), epochs=1)
    assert state.skipped == STEPS and not any(one.any() for one in weights)


def test_many_in_a_row_bring_back_the_last_epoch_at_half_the_rate(tmp_path):
    first, expected = train(tmp_path / "a", epochs=1)
    broken = range(STEPS + 2, STEPS + 2 + MOST_SKIPPED)
    steps = STEPS + 2 + MOST_SKIPPED
    state, weights = train(tmp_path / "b", broken=broken, epochs=3, max_steps=steps)
    assert (state.skipped, state.restored, state.rate_factor) == (MOST_SKIPPED, 1, 0.5)
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert state.rows[0] == {**first.rows[0], "seconds": state.rows[0]["seconds"]}


def test_it_ends_with_an_error_where_nothing_works(tmp_path):
    with pytest.raises(N2VToolsError, match="NaN or infinite"):
        train(tmp_path / "a", broken=range(1000), epochs=1000)
    assert not (tmp_path / "a" / "weights_last.h5").exists()
    assert MOST_RESTORED < 1000 // MOST_SKIPPED


def test_it_stops_after_epochs_without_gain(tmp_path):
    state, _ = train(tmp_path / "a", epochs=50, learning_rate=1e-9, stop_patience=3)
    assert state.epoch <= 6
    state, _ = train(tmp_path / "b", epochs=6, stop_patience=3)
    assert state.epoch == 6


def test_gradients_are_cut_to_a_norm(tmp_path):
    _, free = train(tmp_path / "a", epochs=1, max_steps=1, optimizer="adamax")
    _, cut = train(tmp_path / "b", epochs=1, max_steps=1, optimizer="adamax", clip_norm=1e-6)
    # A step of either rule does not depend on the size of the gradient, but for its epsilon.
    assert 0 < np.abs(cut[0]).max() < np.abs(free[0]).max()
