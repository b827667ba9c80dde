"""The training loop, told in the order it happens; Keras' own `fit` turns it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .. import keras_backend
from ..errors import N2VToolsError
from .checkpoints import load_state, save_state, save_weights
from .history import write_history
from .samples import Batches, MakeSample, training_dataset, validation_samples
from .schedule import Clock, Knot, cosine_rate, planned_end, progress_at, straight

BEST, LAST = "weights_best.h5", "weights_last.h5"


@dataclass(frozen=True)
class LoopPlan:
    """How long and how fast to learn.

    Parameters
    ----------
    epochs, steps_per_epoch : int
        An epoch ends with validation and a checkpoint.
    max_steps : int or None
        End after this many steps in all, within an epoch if need be.
    learning_rate : float
        Of Adam; the highest where the schedule changes it.
    schedule : 'cosine', 'plateau' or 'constant'
        `plateau` multiplies by `plateau_factor` after `plateau_patience` epochs without gain.
    knots : tuple of (step, progress, pace)
        Progress of the cosine schedule; empty means straight from the first step to the last.
    clock : Clock or None
        Ends training at a time instead.
    tensorboard : bool
        Write logs/ for TensorBoard.
    """

    epochs: int
    steps_per_epoch: int
    learning_rate: float
    max_steps: int | None = None
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    plateau_factor: float = 0.5
    plateau_patience: int = 10
    knots: tuple[Knot, ...] = ()
    clock: Clock | None = None
    tensorboard: bool = False

    @property
    def steps(self) -> int:
        """Steps in all if no clock ends the training."""
        steps = self.epochs * self.steps_per_epoch
        return min(steps, self.max_steps) if self.max_steps else steps


@dataclass(frozen=True)
class TrainingProgress:
    """What a progress bar needs: steps done and to come, losses, seconds left."""

    step: int
    steps: int
    loss: float
    val_loss: float
    seconds_left: float


@dataclass
class LoopState:
    """What changes while the loop runs, and survives an interruption."""

    step: int = 0
    epoch: int = 0
    seconds: float = 0.0
    best_val_loss: float = math.inf
    rows: list[dict[str, float]] = field(default_factory=list)
    plateau: dict[str, float] = field(default_factory=dict)
    knots: list[Knot] = field(default_factory=list)


def run_loop(
    model: Any,
    loss: Callable[[Any, Any], Any],
    make_sample: MakeSample,
    training: Batches,
    validation: Batches | None,
    plan: LoopPlan,
    folder: Path,
    resume: bool = False,
    progress: Callable[[TrainingProgress], None] | None = None,
) -> LoopState:
    """Train `model` and leave weights_best.h5, weights_last.h5 and training.csv in `folder`.

    Parameters
    ----------
    model : keras.Model
        Not compiled.
    loss : callable
        Keras loss of (target, prediction).
    make_sample : callable
        What the method says a training sample is; see `samples`.
    training, validation : Batches
        Without validation the best weights are the last.
    plan : LoopPlan
        How long and how fast.
    folder : Path
        Where everything goes; also where an interrupted training left its state.
    resume : bool
        Go on from that state.
    progress : callable, optional
        Called after every step.

    Returns
    -------
    state : LoopState
        Steps, seconds, best validation loss and history.

    Raises
    ------
    N2VToolsError
        If the loss became NaN or infinite.
    """
    tf = keras_backend.load()
    model.compile(optimizer=tf.keras.optimizers.Adam(plan.learning_rate), loss=loss)
    state = LoopState(knots=_first_knots(plan))
    if resume:
        state = _state_from(load_state(folder, model))
    if plan.clock:
        plan.clock.knots = state.knots
    held_out = validation_samples(validation, make_sample) if validation else None
    guide = _make_callback(_Guide)(plan, state, progress)
    keeper = _make_callback(_Keeper)(state, folder)
    model.fit(
        training_dataset(training, make_sample, first_step=state.step),
        initial_epoch=state.epoch,
        epochs=plan.epochs,
        steps_per_epoch=plan.steps_per_epoch,
        validation_data=held_out,
        validation_batch_size=training.batch_size,
        callbacks=[guide, *_plateau(plan, state), keeper, *_tensorboard(plan, folder)],
        verbose=0,
    )
    if guide.broken_at is not None:
        raise N2VToolsError(_diverged(guide.broken_at, plan, state))
    save_weights(folder / LAST, model)
    return state


class _Guide:
    """Sets the rate before each step, watches the loss and the time after it."""

    def __init__(
        self,
        plan: LoopPlan,
        state: LoopState,
        progress: Callable[[TrainingProgress], None] | None,
    ) -> None:
        super().__init__()
        self.plan, self.state, self.progress = plan, state, progress
        self.broken_at: int | None = None
        self.step_s = _Average()
        self.pause_s = 0.0
        self._began = self._paused = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self.plan.schedule == "cosine":
            done = progress_at(self.state.step, self.state.knots)
            rate = cosine_rate(done, self.plan.learning_rate)
            self.model.optimizer.learning_rate.assign(rate)  # type: ignore[attr-defined]

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {}).get("loss", math.nan))
        self.state.step += 1
        if not math.isfinite(loss):
            self.broken_at = self.state.step
            self._stop()
        if self.plan.max_steps and self.state.step >= self.plan.max_steps:
            self._stop()
        clock = self.plan.clock
        if clock:
            steps_left = planned_end(clock.knots) - self.state.step
            pauses_left = max(math.ceil(steps_left / self.plan.steps_per_epoch), 1)
            to_come = pauses_left * self.pause_s
            in_time = clock.at_step(self.state.step, to_come)
            self.state.knots = clock.knots
            if not in_time:
                self._stop()
        now = time.monotonic()
        self.step_s.add(now - self._began)
        self._began = now
        self._report(loss)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self._paused = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        # Runs before the keeper saves: its time is small beside the validation's.
        now = time.monotonic()
        self.pause_s = max(self.pause_s, now - self._paused)
        if self.plan.clock:
            self.plan.clock.paused(now - self._paused)
        self._began = now

    def _stop(self) -> None:
        self.model.stop_training = True  # type: ignore[attr-defined]

    def _report(self, loss: float) -> None:
        if self.progress is None:
            return
        steps = self.plan.steps
        if self.plan.clock:
            steps = max(round(planned_end(self.plan.clock.knots)), self.state.step)
            left = self.plan.clock.deadline_s - self.plan.clock.now()
        else:
            epochs_left = self.plan.epochs - 1 - self.state.epoch
            left = (steps - self.state.step) * self.step_s.mean + epochs_left * self.pause_s
        val_loss = self.state.rows[-1]["val_loss"] if self.state.rows else math.nan
        self.progress(TrainingProgress(self.state.step, steps, loss, val_loss, max(left, 0.0)))


class _Keeper:
    """After each epoch: best weights, a line of history, and the state to resume from."""

    def __init__(self, state: LoopState, folder: Path) -> None:
        super().__init__()
        self.state, self.folder = state, folder
        self._earlier_s, self._began = state.seconds, time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        loss, val_loss = float(logs["loss"]), float(logs.get("val_loss", math.nan))
        if not math.isfinite(loss):
            return
        state, model = self.state, self.model  # type: ignore[attr-defined]
        state.epoch = epoch + 1
        state.seconds = self._earlier_s + time.monotonic() - self._began
        rate = float(model.optimizer.learning_rate.numpy())
        state.rows.append(
            {
                "epoch": state.epoch,
                "loss": loss,
                "val_loss": val_loss,
                "learning_rate": rate,
                "seconds": state.seconds,
            }
        )
        # Order matters to a kill: whatever is written before the state is written again.
        if math.isnan(val_loss) or val_loss < state.best_val_loss:
            state.best_val_loss = val_loss
            save_weights(self.folder / BEST, model)
        save_state(self.folder, model, _facts_of(state))
        write_history(self.folder, state.rows)


class _Average:
    """Mean of what was added last, the older the lighter; the first step traces and is left out."""

    def __init__(self) -> None:
        self.mean, self._n = 0.0, 0

    def add(self, value: float) -> None:
        self._n += 1
        if self._n > 1:
            self.mean += (value - self.mean) / min(self._n - 1, 50)


def _make_callback(kind: type) -> Any:
    """The callback class of `kind`: Keras' base can be named only once TensorFlow is loaded."""
    base = keras_backend.load().keras.callbacks.Callback
    return type(kind.__name__, (kind, base), {})


def _plateau(plan: LoopPlan, state: LoopState) -> list[Any]:
    """Keras' ReduceLROnPlateau, its memory carried over an interruption."""
    if plan.schedule != "plateau":
        return []
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

    monitor = "val_loss"
    return [Plateau(monitor=monitor, factor=plan.plateau_factor, patience=plan.plateau_patience)]


def _tensorboard(plan: LoopPlan, folder: Path) -> list[Any]:
    if not plan.tensorboard:
        return []
    callbacks = keras_backend.load().keras.callbacks
    return [callbacks.TensorBoard(str(folder / "logs"), write_graph=False)]


def _first_knots(plan: LoopPlan) -> list[Knot]:
    if plan.clock:
        return list(plan.clock.knots)
    return list(plan.knots or straight(plan.steps))


def _facts_of(state: LoopState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in LoopState.__dataclass_fields__}


def _state_from(facts: dict[str, Any]) -> LoopState:
    facts["knots"] = [tuple(knot) for knot in facts["knots"]]
    return LoopState(**facts)


def _diverged(step: int, plan: LoopPlan, state: LoopState) -> str:
    return (
        f"training: the loss became NaN or infinite at step {step} (learning rate "
        f"{plan.learning_rate:g}). Train again with a lower one, such as "
        f"--set learning_rate={plan.learning_rate / 4:g} --overwrite; "
        "n2v-inspect shows whether the data hold NaN or extreme values."
    )
