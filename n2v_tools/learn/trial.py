"""A few steps on made-up patches, to tell beforehand what a training will cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import keras_backend
from ..prepare.symmetry import Symmetry
from .joint import compiled
from .samples import Batches, MakeSample, training_dataset

FIRST_STEPS = 2  # trace, and fill caches
TIMED_STEPS = 5  # at least
TIMED_S = 4.0  # at least: other work on the machine comes and goes


@dataclass(frozen=True)
class Trial:
    """What training costs on this machine, now."""

    start_s: float  # from the call to the end of the first steps, which trace and compile
    seconds_a_step: float  # mean of the others
    peak_bytes: int  # most memory the process ever held


def measure_step(
    model: Any,
    loss: Callable[[Any, Any], Any],
    make_sample: MakeSample,
    shape: tuple[int, ...],
    now: Callable[[], float] = time.perf_counter,
) -> Trial:
    """Train an expendable `model` on noise for a few seconds, as `loop.run_loop` would.

    The keras.Model is not compiled, and its weights change; `loss` and `make_sample` are as for the
    loop. `shape` is that of a batch, (batch, [Z,] Y, X, C); `now` gives seconds on a steady clock.
    """
    keras = keras_backend.load().keras
    began, marks = now(), []

    class Timer(keras.callbacks.Callback):  # type: ignore[name-defined]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            marks.append(now())
            timed = marks[FIRST_STEPS - 1 :]
            if len(timed) > TIMED_STEPS and timed[-1] - timed[0] >= TIMED_S:
                self.model.stop_training = True

    noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    batches = Batches(noise, shape[0], [0.0], [1.0], (Symmetry(),), seed=0)
    model = compiled(model, loss, keras.optimizers.Adam(1e-5))
    model.fit(
        training_dataset(batches, make_sample),
        steps_per_epoch=10**6,
        callbacks=[Timer()],
        verbose=0,
    )
    timed = marks[FIRST_STEPS - 1 :]
    step_s = (timed[-1] - timed[0]) / (len(timed) - 1)
    return Trial(timed[0] - began, step_s, peak_bytes())


def peak_bytes() -> int:
    """Most memory this process ever held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
