"""A few steps on made-up patches, to tell beforehand what a training will cost."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import keras_backend
from .samples import MakeSample

TIMED_STEPS = 5


@dataclass(frozen=True)
class Trial:
    """What a step costs: seconds, and the most memory the process ever held, in bytes."""

    seconds_a_step: float
    peak_bytes: int


def measure_step(
    model: Any,
    loss: Callable[[Any, Any], Any],
    make_sample: MakeSample,
    shape: tuple[int, ...],
) -> Trial:
    """Train an expendable `model` for a few steps on noise.

    Parameters
    ----------
    model : keras.Model
        Not compiled; its weights change.
    loss, make_sample : callable
        As for `loop.run_loop`.
    shape : tuple of int
        Of a batch: (batch, [Z,] Y, X, C).
    """
    tf = keras_backend.load()
    model.compile(optimizer=tf.keras.optimizers.Adam(1e-5), loss=loss)
    noise = tf.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    prepare = tf.function(lambda seed: make_sample(noise, seed))
    seconds = []
    for step in range(TIMED_STEPS + 2):  # the first two trace and fill caches
        began = time.perf_counter()
        model.train_on_batch(*prepare(tf.constant([0, step], tf.int64)))
        seconds.append(time.perf_counter() - began)
    return Trial(statistics.median(seconds[2:]), peak_bytes())


def peak_bytes() -> int:
    """Most memory this process ever held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
