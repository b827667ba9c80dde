"""The training loop, told in the order it happens; Keras' own `fit` turns it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .. import keras_backend
from ..errors import N2VToolsError
from ..modelfolder import LAST
from .callbacks import LoopState, TrainingProgress, make_callbacks
from .checkpoints import load_state, save_weights
from .devices import whole_batch_loss
from .samples import Batches, MakeSample, training_dataset, validation_samples
from .schedule import Clock, Knot, straight

FORWARD_SHARE = 1 / 3  # of a step's time is what a batch of validation takes, about


@dataclass(frozen=True)
class LoopPlan:
    """How long and how fast to learn.

    Parameters
    ----------
    epochs, steps_per_epoch : int
        An epoch ends with validation and a checkpoint.
    beta_1, beta_2 : float
        Of Adam.
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
    beta_1: float = 0.9
    beta_2: float = 0.999
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
        Not compiled; built in `devices.spread`, in which this is called too, to learn on
        several GPUs.
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
    optimizer = tf.keras.optimizers.Adam(plan.learning_rate, plan.beta_1, plan.beta_2)
    model.compile(optimizer=optimizer, loss=whole_batch_loss(loss))
    state = LoopState(knots=_first_knots(plan))
    if resume:
        state = _state_from(load_state(folder, model))
    if plan.clock:
        plan.clock.knots = state.knots
    if plan.max_steps and state.step >= plan.max_steps:  # killed after the last checkpoint
        save_weights(folder / LAST, model)
        return state
    held_out = validation_samples(validation, make_sample) if validation else None
    if plan.clock and held_out:
        plan.clock.pause_in_steps = len(held_out[0]) / training.batch_size * FORWARD_SHARE
    callbacks = make_callbacks(plan, state, folder, progress, with_validation=bool(validation))
    model.fit(
        training_dataset(training, make_sample, first_step=state.step),
        initial_epoch=state.epoch,
        epochs=plan.epochs,
        steps_per_epoch=plan.steps_per_epoch,
        validation_data=held_out,
        validation_batch_size=training.batch_size,
        callbacks=callbacks,
        verbose=0,
    )
    if state.broken:
        raise N2VToolsError(
            f"training: loss or weights became NaN or infinite by step {state.step} (learning rate "
            f"{plan.learning_rate:g}). Train again with a lower one, such as "
            f"--set learning_rate={plan.learning_rate / 4:g} --overwrite; n2v-inspect shows "
            "whether the data hold NaN or extreme values."
        )
    save_weights(folder / LAST, model)
    return state


def _first_knots(plan: LoopPlan) -> list[Knot]:
    if plan.clock:
        return list(plan.clock.knots)
    return list(plan.knots or straight(plan.steps))


def _state_from(facts: dict[str, Any]) -> LoopState:
    facts["knots"] = [tuple(knot) for knot in facts["knots"]]
    return LoopState(**facts)
