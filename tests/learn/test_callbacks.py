"""What happens around steps and epochs: rates, ends, best weights, what a kill leaves."""

import json
import math

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.learn import callbacks
from n2v_tools.learn.callbacks import LoopState, make_callbacks
from n2v_tools.learn.checkpoints import STATE_NAME
from n2v_tools.learn.loop_plan import LoopPlan
from n2v_tools.learn.schedule import cosine_rate, straight

tf = keras_backend.load()


def model_of(start=1.0, rate=0.1):
    """A net that multiplies; its loss goes down at each step."""
    x = tf.keras.Input((1,))
    first = tf.keras.initializers.Constant(start)
    net = tf.keras.Model(x, tf.keras.layers.Dense(1, use_bias=False, kernel_initializer=first)(x))
    net.compile(tf.keras.optimizers.SGD(rate), "mse")
    return net


class Recorder(tf.keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.rates = []

    def on_train_batch_end(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate.numpy()))


def fit(folder, plan, target=3.0, val=None, state=None, model=None, progress=None):
    state = state or LoopState(knots=straight(plan.steps))
    model = model or model_of()
    recorder = Recorder()
    made = make_callbacks(plan, None, state, folder, progress, with_validation=val is not None)
    x = np.ones((plan.steps_per_epoch, 1), np.float32)
    model.fit(
        x, target * x, batch_size=1, epochs=plan.epochs, initial_epoch=state.epoch, verbose=0,
        validation_data=None if val is None else (x[:1], val * x[:1]), shuffle=False,
        callbacks=[*made, recorder],
    )  # fmt: skip
    return state, recorder.rates, model


def test_the_rate_follows_the_cosine_from_the_first_step_to_the_last(tmp_path):
    plan = LoopPlan(2, 4, 0.1)
    state, rates, _ = fit(tmp_path, plan)
    assert rates == pytest.approx([cosine_rate(step / 8, 0.1) for step in range(8)])
    assert [row["learning_rate"] for row in state.rows] == pytest.approx([rates[0], rates[4]])


def test_a_constant_rate_stays(tmp_path):
    _, rates, _ = fit(
        tmp_path, LoopPlan(2, 3, 0.05, schedule="constant"), model=model_of(rate=0.05)
    )
    assert rates == pytest.approx([0.05] * 6)


def test_a_plateau_lowers_the_rate_also_across_an_interruption(tmp_path):
    plan = LoopPlan(5, 1, 0.0, schedule="plateau", plateau_patience=2, plateau_factor=0.1)
    stuck = {"target": 1.0, "val": 2.0}  # nothing to gain
    _, whole, _ = fit(tmp_path, plan, **stuck)
    model = model_of()
    state, first, _ = fit(tmp_path, LoopPlan(**{**vars(plan), "epochs": 2}), **stuck, model=model)
    _, rest, _ = fit(tmp_path, plan, **stuck, model=model, state=state)
    assert whole == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01])
    assert first + rest == pytest.approx(whole)


def test_each_epoch_leaves_a_row_and_the_best_weights_stay(tmp_path):
    state, _, model = fit(tmp_path, LoopPlan(4, 2, 0.1, schedule="constant"), val=1.5)
    vals = [row["val_loss"] for row in state.rows]
    assert [row["epoch"] for row in state.rows] == [1, 2, 3, 4]
    assert state.best_val_loss == min(vals) < vals[-1]  # it learns 3, is validated on 1.5
    model.load_weights(tmp_path / "weights_best.h5")
    weight = float(model.get_weights()[0].item())
    assert (weight - 1.5) ** 2 == pytest.approx(state.best_val_loss, rel=1e-4)
    with np.load(tmp_path / STATE_NAME) as file:
        assert json.loads(file["facts"].tobytes())["best_val_loss"] == state.best_val_loss


def test_without_validation_the_best_weights_are_the_last(tmp_path):
    state, _, model = fit(tmp_path, LoopPlan(3, 2, 0.1, schedule="constant"))
    last = model.get_weights()[0].copy()
    model.load_weights(tmp_path / "weights_best.h5")
    np.testing.assert_array_equal(model.get_weights()[0], last)
    assert math.isnan(state.best_val_loss)


def test_max_steps_ends_within_an_epoch(tmp_path):
    state, rates, _ = fit(tmp_path, LoopPlan(9, 4, 0.1, max_steps=6))
    assert (state.step, len(rates), state.epoch) == (6, 6, 2)


@pytest.mark.parametrize("case", ["loss", "validation", "weights"])
def test_what_is_not_finite_ends_the_training_and_is_never_saved(tmp_path, case):
    target = {"loss": math.nan}.get(case, 3.0)
    val = {"validation": math.inf}.get(case)
    model = model_of()
    if case == "weights":  # behind a ReLU the loss may look sound
        x = tf.keras.Input((1,))
        dense = tf.keras.layers.Dense(1, kernel_initializer=tf.constant_initializer(math.nan))
        y = tf.keras.layers.Lambda(lambda t: tf.where(tf.math.is_nan(t), tf.zeros_like(t), t))(
            dense(x)
        )
        model = tf.keras.Model(x, y)
        model.compile(tf.keras.optimizers.SGD(0.1), "mse")
    state, _, _ = fit(tmp_path, LoopPlan(5, 2, 0.1), target, val, model=model)
    assert state.broken and state.step <= 2 and state.rows == []
    assert not list(tmp_path.iterdir())


def test_progress_is_told_after_every_step(tmp_path):
    told = []
    state, _, _ = fit(tmp_path, LoopPlan(2, 3, 0.1), val=1.0, progress=told.append)
    assert [one.step for one in told] == [1, 2, 3, 4, 5, 6]
    assert {one.steps for one in told} == {6}
    vals = [one.val_loss for one in told]
    assert all(map(math.isnan, vals[:3])) and vals[3:] == [state.rows[0]["val_loss"]] * 3
    assert all(math.isfinite(one.loss) for one in told)


def test_a_kill_between_two_files_costs_no_epoch(tmp_path, monkeypatch):
    order = []
    for name in ("save_weights", "save_state", "write_history"):
        monkeypatch.setattr(callbacks, name, lambda *_, name=name: order.append(name))
    fit(tmp_path, LoopPlan(1, 2, 0.1))
    assert order == ["save_weights", "save_state", "write_history"]
