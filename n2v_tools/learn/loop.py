"""The training loop, told in the order it happens; Keras' own `fit` turns it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import keras_backend
from ..errors import N2VToolsError
from ..legacy import LAST
from ..words import flag, setting
from .callbacks import LoopState, TrainingProgress, make_callbacks
from .checkpoints import load_state, save_weights
from .joint import compiled
from .loop_plan import Knot, LoopPlan
from .samples import Batches, MakeSample, training_dataset, validation_samples
from .schedule import Clock, straight

MANY = 10**6  # epochs, of which a clock ends the last
FORWARD_SHARE = 1 / 3  # of a step's time is what a batch of validation takes, about


def run_loop(
    model: Any,
    loss: Callable[[Any, Any], Any],
    make_sample: MakeSample,
    training: Batches,
    validation: Batches | None,
    plan: LoopPlan,
    folder: Path,
    clock: Clock | None = None,
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
        Keras loss of (target, prediction); of a net with several outputs both are tuples.
    make_sample : callable
        What the method says a training sample is; see `samples`.
    training, validation : Batches
        Without validation the best weights are the last.
    plan : LoopPlan
        How long and how fast.
    folder : Path
        Where everything goes; also where an interrupted training left its state.
    clock : Clock, optional
        Ends training at a time instead of a number of epochs.
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
    optimizer = _optimizer(tf.keras.optimizers, plan)
    model = compiled(model, loss, optimizer, skip_broken=plan.skip_broken_steps)
    state = LoopState(knots=_first_knots(plan, clock))
    if resume:
        state = _state_from(load_state(folder, model))
    if clock:
        clock.knots = state.knots
    if plan.max_steps and state.step >= plan.max_steps:  # killed after the last checkpoint
        save_weights(folder / LAST, model)
        return state
    held_out = validation_samples(validation, make_sample) if validation else None
    if clock and held_out:
        n_held_out = len(tf.nest.flatten(held_out[0])[0])
        clock.pause_in_steps = n_held_out / training.batch_size * FORWARD_SHARE
    callbacks = make_callbacks(
        plan, clock, state, folder, progress, with_validation=bool(validation)
    )
    model.fit(
        training_dataset(training, make_sample, first_step=state.step),
        initial_epoch=state.epoch,
        epochs=MANY if clock else plan.epochs,
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
            f"{setting('learning_rate', f'{plan.learning_rate / 4:g}')} {flag('overwrite')}; "
            "n2v-inspect shows whether the data hold NaN or extreme values."
        )
    save_weights(folder / LAST, model)
    return state


def _optimizer(known: Any, plan: LoopPlan) -> Any:
    """The optimiser that a plan names, with decay of the weights where it wants that."""
    decay = {"weight_decay": plan.weight_decay} if plan.weight_decay else {}
    kind = known.Adamax if plan.optimizer == "adamax" else known.AdamW if decay else known.Adam
    rates = {"beta_1": plan.beta_1, "beta_2": plan.beta_2, **decay}
    return kind(plan.learning_rate, global_clipnorm=plan.clip_norm, **rates)


def _first_knots(plan: LoopPlan, clock: Clock | None) -> list[Knot]:
    if clock:
        return list(clock.knots)
    return list(plan.progress_knots or straight(plan.steps))


def _state_from(facts: dict[str, Any]) -> LoopState:
    facts["knots"] = [tuple(knot) for knot in facts["knots"]]
    return LoopState(**facts)
