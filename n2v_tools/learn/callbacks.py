"""Keras callbacks around each step and each epoch of the loop."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import keras_backend
from ..legacy import BEST
from .checkpoints import optimizer_variables, save_state, save_weights
from .history import write_history
from .loop_plan import Knot, LoopPlan
from .schedule import Clock, cosine_rate, planned_end, progress_at

MOST_SKIPPED = 8  # steps in a row that change nothing, before weights are brought back
MOST_RESTORED = 4  # times that they are

Logs = dict[str, float] | None


@dataclass(frozen=True)
class TrainingProgress:
    """What a progress bar needs: steps done and planned, and the losses."""

    step: int
    steps: int
    loss: float
    val_loss: float


@dataclass
class LoopState:
    """What changes while the loop runs, and survives an interruption."""

    step: int = 0
    epoch: int = 0
    seconds: float = 0.0
    best_val_loss: float = math.inf
    broken: bool = False  # the loss is NaN or infinite
    skipped: int = 0  # steps that changed nothing, since their loss or gradients were not finite
    restored: int = 0  # times the weights of an earlier epoch were brought back
    rate_factor: float = 1.0  # by which the rate was lowered then
    rows: list[dict[str, float]] = field(default_factory=list)
    plateau: dict[str, float] = field(default_factory=dict)
    knots: list[Knot] = field(default_factory=list)


def make_callbacks(
    plan: LoopPlan,
    clock: Clock | None,
    state: LoopState,
    folder: Path,
    progress: Callable[[TrainingProgress], None] | None,
    *,
    with_validation: bool,
) -> list[Any]:
    """Keras callbacks in the order in which they must run."""
    callbacks = [_derive(_Guide)(plan, clock, state, progress)]
    if plan.schedule == "plateau":
        monitor = "val_loss" if with_validation else "loss"
        callbacks.append(_plateau(plan, state, monitor))
    if plan.skip_broken_steps:
        callbacks.append(_derive(_Rescuer)(state))
    callbacks.append(_derive(_Keeper)(state, folder))
    if plan.stop_patience:
        callbacks.append(_derive(_Stopper)(plan.stop_patience, state))
    if plan.tensorboard:
        board = keras_backend.load().keras.callbacks.TensorBoard
        callbacks.append(board(str(folder / "logs"), write_graph=False))
    return callbacks


class _Guide:
    """Sets the rate before each step; watches loss, steps and time after it."""

    def __init__(
        self,
        plan: LoopPlan,
        clock: Clock | None,
        state: LoopState,
        progress: Callable[[TrainingProgress], None] | None,
    ) -> None:
        super().__init__()
        self.plan, self.clock = plan, clock
        self.state, self.progress = state, progress
        self._epoch_over: float | None = None  # when its last step ended

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        if self._epoch_over is not None and self.clock and self.state.epoch:
            self.clock.paused(self.clock.now() - self._epoch_over)
        self._epoch_over = None
        if self.plan.schedule == "cosine":
            done = progress_at(self.state.step, self.state.knots)
            rate = cosine_rate(done, self.plan.learning_rate, self.plan.warm_up, self.plan.floor)
            rate *= self.state.rate_factor
            self.model.optimizer.learning_rate.assign(rate)  # type: ignore[attr-defined]

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = float((logs or {}).get("loss", math.nan))
        self.state.step += 1
        self.state.broken = not math.isfinite(loss)
        over = bool(self.plan.max_steps and self.state.step >= self.plan.max_steps)
        if self.clock:
            over = not self.clock.after_step(self.state.step) or over
            self.state.knots = self.clock.knots
            if batch + 1 == self.plan.steps_per_epoch:
                self._epoch_over = self.clock.now()
        if self.state.broken or over:
            self.model.stop_training = True  # type: ignore[attr-defined]
        self._report(loss)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not math.isfinite((logs or {}).get("val_loss", 0.0)):
            self.state.broken = True
            self.model.stop_training = True  # type: ignore[attr-defined]

    def _report(self, loss: float) -> None:
        if self.progress is None:
            return
        steps = self.plan.steps
        if self.clock:
            steps = max(round(planned_end(self.state.knots)), self.state.step)
        val_loss = self.state.rows[-1]["val_loss"] if self.state.rows else math.nan
        self.progress(TrainingProgress(self.state.step, steps, loss, val_loss))


class _Rescuer:
    """Brings back the weights of the last good epoch where no step works any more."""

    def __init__(self, state: LoopState) -> None:
        super().__init__()
        self.state = state
        self._in_a_row = 0
        self._good: list[np.ndarray] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        self._good = self.model.get_weights()  # type: ignore[attr-defined]

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if not (logs or {}).get("skipped", 0.0):
            self._in_a_row = 0
            return
        self.state.skipped += 1
        self._in_a_row += 1
        if self._in_a_row < MOST_SKIPPED:
            return
        self._in_a_row = 0
        if self.state.restored == MOST_RESTORED:
            self.state.broken = self.model.stop_training = True  # type: ignore[attr-defined]
            return
        self.state.restored += 1
        self._go_back()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        weights = self.model.get_weights()  # type: ignore[attr-defined]
        if not self._in_a_row and all(np.isfinite(one).all() for one in weights):
            self._good = weights

    def _go_back(self) -> None:
        """Put the weights back, with an optimiser that remembers nothing and half the rate."""
        model = self.model  # type: ignore[attr-defined]
        model.set_weights(self._good)
        rate = model.optimizer.learning_rate.numpy() / 2
        for variable in optimizer_variables(model):
            if variable.shape.rank:  # counters and the rate are scalars
                variable.assign(np.zeros(variable.shape, variable.dtype.as_numpy_dtype))
        self.state.rate_factor /= 2
        model.optimizer.learning_rate.assign(rate)


class _Stopper:
    """Ends the training after a number of epochs without gain."""

    def __init__(self, patience: int, state: LoopState) -> None:
        super().__init__()
        self.patience, self.state = patience, state

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        losses = [row["val_loss"] for row in self.state.rows]
        if losses and math.isnan(losses[-1]):  # there is no validation
            losses = [row["loss"] for row in self.state.rows]
        if len(losses) - 1 - int(np.argmin(losses or [0.0])) >= self.patience:
            self.model.stop_training = True  # type: ignore[attr-defined]


class _Keeper:
    """After each epoch: best weights, a line of history, and the state to resume from."""

    def __init__(self, state: LoopState, folder: Path) -> None:
        super().__init__()
        self.state, self.folder = state, folder
        self._earlier_s, self._began = state.seconds, time.monotonic()
        self._rate = math.nan

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if batch == 0:  # the rate that this epoch begins with; plateau may change it at its end
            self._rate = float(self.model.optimizer.learning_rate.numpy())  # type: ignore[attr-defined]

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.state.broken:
            return
        logs = logs or {}
        state, model = self.state, self.model  # type: ignore[attr-defined]
        # ReLU turns NaN into 0, so that a net can be broken while its loss looks sound.
        if not all(np.isfinite(weights).all() for weights in model.get_weights()):
            state.broken = model.stop_training = True
            return
        state.epoch = epoch + 1
        state.seconds = self._earlier_s + time.monotonic() - self._began
        row = {
            "epoch": state.epoch,
            "loss": float(logs["loss"]),
            "val_loss": float(logs.get("val_loss", math.nan)),
            "learning_rate": self._rate,
            "seconds": state.seconds,
        }
        state.rows.append(row)
        # Order matters to a kill: whatever is written before the state is written again.
        if "val_loss" not in logs or row["val_loss"] < state.best_val_loss:
            state.best_val_loss = row["val_loss"]
            save_weights(self.folder / BEST, model)
        save_state(self.folder, model, dataclasses.asdict(state))
        write_history(self.folder, state.rows)


def _derive(kind: type) -> Any:
    """The callback class of `kind`: Keras' base can be named only once TensorFlow is loaded."""
    base = keras_backend.load().keras.callbacks.Callback
    return type(kind.__name__, (kind, base), {})


def _plateau(plan: LoopPlan, state: LoopState, monitor: str) -> Any:
    """Keras' ReduceLROnPlateau, its memory carried over an interruption."""
    base = keras_backend.load().keras.callbacks.ReduceLROnPlateau

    class Plateau(base):  # type: ignore[misc, valid-type]
        def on_train_begin(self, logs: Any = None) -> None:
            super().on_train_begin(logs)
            for name, value in state.plateau.items():
                setattr(self, name, value)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            state.plateau = {
                name: float(getattr(self, name)) for name in ("best", "wait", "cooldown_counter")
            }

    return Plateau(monitor=monitor, factor=plan.plateau_factor, patience=plan.plateau_patience)
