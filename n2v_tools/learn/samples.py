"""From patches to an endless row of batches, any step of which can be made again.

Every batch is a function of the seed and its step alone: which patches, how they are
turned, which pixels are hidden. So a training that was interrupted goes on with the
very batches it would have seen.

Tests: ``tests/learn/test_loop.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import keras_backend
from ..contracts import Method
from ..prepare.symmetry import Symmetry

MOST_VALIDATION_PATCHES = 256  # the score is a mean: more cost time and tell no more

MakeSample = Callable[[Any, Any], tuple[Any, Any]]


class Batches:
    """Numbers of the patches of each step, and the patches themselves, normalised.

    Parameters
    ----------
    patches : array or memmap, shape (N, [Z,] Y, X, C)
        In counts; of a movie method its windows, shape (N, T, Y, X, C).
    batch_size : int
        Patches a step.
    means, stds : sequence of float, length C
        Intensity of the training data, by which patches are normalised.
    turns : sequence of Symmetry
        Operations to draw from for each patch; one that changes nothing is enough.
    seed : int
        Source of chance.
    method : Method, optional
        Its `pick` takes from the patches, or windows, what one step looks at; default: all.
    places : array of int, shape (N, 4), optional
        Where windows lie, for a method that looks through whole movies: movie, frame, row, column.
    """

    def __init__(
        self,
        patches: np.ndarray,
        batch_size: int,
        means: Sequence[float],
        stds: Sequence[float],
        turns: Sequence[Symmetry],
        seed: int,
        method: Method | None = None,
        places: np.ndarray | None = None,
    ) -> None:
        self.patches = patches
        self._method = method
        self._summaries = places
        if places is None and method is not None:
            self._summaries = method.summarise(patches)
        self.batch_size = batch_size
        self.turns = tuple(turns)
        self.seed = seed
        self._mean = np.asarray(means, np.float32)
        self._std = np.asarray(stds, np.float32)
        self._round: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Of one patch as `batch` gives it: ([Z,] Y, X, C)."""
        return sample_shape(self.patches.shape[1:], self._method)

    def numbers(self, step: int) -> np.ndarray:
        """Numbers of the patches of `step` (from 0), shape (batch,).

        Rounds through all patches, each in an order of its own, follow one another
        without a gap: after any number of steps no patch is more than one round ahead.
        """
        first = step * self.batch_size
        places = np.arange(first, first + self.batch_size)
        rounds, within = np.divmod(places, len(self.patches))
        return np.array([self._order(r)[w] for r, w in zip(rounds, within, strict=True)])

    def batch(self, step: int) -> np.ndarray:
        """Normalised and turned patches of `step`, float32 (batch, [Z,] Y, X, C)."""
        rng = np.random.default_rng([self.seed, 1, step])
        numbers = self.numbers(step)
        known = None if self._summaries is None else self._summaries[numbers]
        picker = np.random.default_rng([self.seed, 2, step])
        patches = self.patches[numbers]
        if self._method is None:
            chosen = patches.astype(np.float32)
        else:
            chosen = self._method.pick(patches, picker, known)
        for i, turn in enumerate(rng.integers(len(self.turns), size=len(chosen))):
            chosen[i] = self.turns[turn].apply(chosen[i : i + 1])[0]
        # What is picked may hold each channel several times, one after the other.
        times = chosen.shape[-1] // len(self._mean)
        return (chosen - np.tile(self._mean, times)) / np.tile(self._std, times)

    def _order(self, number: int) -> np.ndarray:
        if self._round[0] != number:
            rng = np.random.default_rng([self.seed, 0, number])
            self._round = (number, rng.permutation(len(self.patches)))
        return self._round[1]


def sample_shape(window: Sequence[int], method: Method | None = None) -> tuple[int, ...]:
    """Shape ([Z,] Y, X, C) of what a method picks from a window of shape ([T,] Y, X, C)."""
    if method is None or method.movie_axes is None:
        return tuple(window)
    one = np.zeros((1, *window), np.float32)
    return tuple(method.pick(one, np.random.default_rng(0)).shape[1:])


def training_dataset(batches: Batches, make_sample: MakeSample, first_step: int = 0) -> Any:
    """Endless tf.data.Dataset of (shown, target) from `first_step`, counted from 0, on.

    `make_sample` is what the method says a sample is: ``(patches, seed) -> (shown, target)`` in
    TensorFlow.
    """
    tf = keras_backend.load()
    shape = (batches.batch_size, *batches.sample_shape)

    def load(step: Any) -> Any:
        patches = tf.numpy_function(batches.batch, [step], tf.float32)
        patches.set_shape(shape)
        return patches, step

    # To rewrite the source of what makes a sample takes 1.4 s before the first step.
    @tf.autograph.experimental.do_not_convert
    def sample(patches: Any, step: Any) -> tuple[Any, Any]:
        return make_sample(patches, tf.stack([tf.constant(batches.seed, tf.int64), step]))

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    # There is nothing to tune, and the tuner sleeps for ever longer times: an iterator that is
    # given up now and then waits for it to wake, up to a minute after the last step.
    options = tf.data.Options()
    options.autotune.enabled = False
    # One call at a time loads: the order of patches is kept between calls.
    samples = steps.map(load).map(sample, num_parallel_calls=1, deterministic=True)
    return samples.prefetch(2).with_options(options)


def validation_samples(
    batches: Batches, make_sample: MakeSample, most: int = MOST_VALIDATION_PATCHES
) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` validation patches with their pixels hidden once and for all: (shown, target).

    Both are float32 arrays, or tuples of them.
    """
    tf = keras_backend.load()
    wanted = min(len(batches.patches), most)
    pairs = []
    for step, first in enumerate(range(0, wanted, batches.batch_size)):
        patches = batches.batch(step)[: wanted - first]
        pair = make_sample(tf.constant(patches), tf.constant([batches.seed, step], tf.int64))
        pairs.append(tf.nest.map_structure(lambda one: one.numpy(), pair))
    shown, targets = tf.nest.map_structure(lambda *parts: np.concatenate(parts), *pairs)
    return shown, targets
