"""Samples of a trained ladder, drawn by place: the engine behind HDN's Restorer.

What is drawn depends on the seed and on the place of a pixel, never on the tile it is in: for
each sample and level, standard normal numbers are drawn for rows of the whole plane.

Tests: ``tests/methods/hdn/test_restorer.py``.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import keras_backend
from ...contracts import RESTORED, Output, Place, Restorer, Where
from ...nets.reach import net_block, net_halo, net_reach
from ...restore.footprint import bytes_per_px
from ...restore.trained import TrainedRestorer

if TYPE_CHECKING:
    from .net import LadderNet

ROWS_AT_ONCE = 32  # of a level, whose numbers are drawn together
AT_ONCE_PX = 2**15  # of all samples that are drawn in one call, where tiles are smaller
PROBE_SAMPLES = 2  # suffice where the same numbers are drawn before and after
NUMBERS = 11  # keeps these draws apart from whatever else the seed starts


class LadderRestorer(TrainedRestorer):
    """Restores planes as the mean of samples of a ladder.

    Parameters
    ----------
    shape : LadderNet
    net : keras.Model
        What `shape` builds, with its weights.
    precision : {"float32", "bfloat16"}
        Of `net`, for the record.
    known : as in TrainedRestorer
    """

    engine = "tensorflow"
    tells_spread = True

    def __init__(self, shape: LadderNet, net: Any, precision: str, **known: Any) -> None:
        super().__init__(
            n_channels=1,
            reach_px=net_reach(net),
            block_px=net_block(net),
            halo_px=net_halo(net),
            **known,
        )
        self.shape, self.net, self.precision = shape, net, precision
        self.samples, self.seed = 1, 0
        self.outputs = (RESTORED,)

    def drawing(self, samples: int, outputs: Sequence[Output], seed: int) -> LadderRestorer:
        """Return a Restorer of the same net that draws so many samples, and gives these outputs."""
        other = copy.copy(self)
        other.samples, other.outputs, other.seed = samples, tuple(outputs), seed
        return other

    @property
    def n_inputs(self) -> int:
        """Channels of the tiles that `predict` takes."""
        return 1

    @property
    def n_kept(self) -> int:
        """Samples that are given beside their mean."""
        return len(self.outputs) - 1

    def for_probing(self) -> Restorer:
        """Draw few samples: the same numbers make answers comparable."""
        return self.drawing(min(self.samples, PROBE_SAMPLES), (RESTORED,), self.seed)

    @functools.cached_property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Working memory per pixel of a tile, from the traced net; means and kept samples, too."""
        return bytes_per_px(self._whole, self.block_px, 1) + 4 * (6 + len(self.outputs))

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, Y, X, 1) counts; without `at` each is a plane of its own."""
        return self.predict_with_spread(tiles, at)[0]

    def predict_with_spread(
        self, tiles: np.ndarray, at: Where | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Restore tiles, and say how far samples go apart: counts, and counts squared."""
        if at is None:
            rows, columns = (np.arange(size) for size in tiles.shape[1:3])
            at = Where(({},) * len(tiles), rows, columns, (len(rows), len(columns)))
        found = [
            self._restore_one(tile, dataclasses.replace(at, planes=(place,)))
            for tile, place in zip(tiles, at.planes, strict=True)
        ]
        return np.stack([one for one, _ in found]), np.stack([spread for _, spread in found])

    def _restore_one(self, tile: np.ndarray, at: Where) -> tuple[np.ndarray, np.ndarray]:
        """One tile (Y, X, 1): its outputs (Y, X, K), and the variance of samples (Y, X, 1)."""
        tf = keras_backend.load()
        mean, std = float(self._mean), float(self._std)
        seen = self._up(tf.constant((tile[np.newaxis] - mean) / std, tf.float32))
        at_once = max(1, AT_ONCE_PX // tile.size)
        running = RunningMoments()
        kept = []
        for first in range(0, self.samples, at_once):
            numbers = range(first, min(first + at_once, self.samples))
            drawn = [self._numbers(level, numbers, at) for level in range(self.shape.depth)]
            images = self._down(seen, [tf.constant(one) for one in drawn]).numpy()
            running.add(images)
            kept += [image for k, image in zip(numbers, images, strict=True) if k < self.n_kept]
        outputs = np.concatenate([running.mean, *kept], axis=-1) * std + mean
        return outputs.astype(np.float32), (running.variance * std**2).astype(np.float32)

    def _numbers(self, level: int, samples: Sequence[int], at: Where) -> np.ndarray:
        """Standard normal numbers of a level: float32 (samples, Y, X, latents).

        Zeros, which give the mean, where the level does not see the image.
        """
        step = 2 ** (level + 1)
        rows, columns = at.rows[::step], at.columns[::step]
        # A tile that is turned begins at the far end of its pixels.
        rows, columns = (np.minimum(one, last[step - 1 :: step]) // step
                         for one, last in ((rows, at.rows), (columns, at.columns)))  # fmt: skip
        shape = (len(samples), len(rows), len(columns), self.shape.latents)
        if level in self.shape.blind:
            return np.zeros(shape, np.float32)
        out = np.empty(shape, np.float32)
        width = -(-at.sizes[1] // step)
        for k, sample in enumerate(samples):
            key = [self.seed, NUMBERS, level, sample, *_words(at.planes[0])]
            out[k] = numbers_at(rows, columns, width, self.shape.latents, key)
        return out

    @property
    def _mean(self) -> np.ndarray:
        return np.zeros(()) if self.means is None else self.means[0]

    @property
    def _std(self) -> np.ndarray:
        return np.ones(()) if self.stds is None else self.stds[0]

    @functools.cached_property
    def _up(self) -> Any:
        tf = keras_backend.load()
        return tf.function(
            lambda image: self.net.ladder.up(image, False), autograph=False, reduce_retracing=True
        )

    @functools.cached_property
    def _down(self) -> Any:
        """All samples of one tile at once: features are repeated for each."""
        tf = keras_backend.load()

        def draw(seen: Any, numbers: Any) -> Any:
            n = tf.shape(numbers[0])[0]
            each = [tf.repeat(one, n, axis=0) for one in seen]
            return tf.cast(self.net.ladder.down(each, numbers, None, False), tf.float32)

        return tf.function(draw, autograph=False, reduce_retracing=True)

    @functools.cached_property
    def _whole(self) -> Any:
        """Up and down in one function of an image, to see what memory it takes."""
        tf = keras_backend.load()

        def mean_image(image: Any) -> Any:
            seen = self.net.ladder.up(image, False)
            zeros = [tf.zeros((*one.shape[:3], self.shape.latents)) for one in seen]
            return self.net.ladder.down(seen, zeros, None, False)

        return tf.function(mean_image, autograph=False)


class RunningMoments:
    """Mean and variance of images that come in batches (N, ...), without keeping them."""

    def __init__(self) -> None:
        self.n = 0
        self.mean: np.ndarray = np.zeros(())
        self._squares: np.ndarray = np.zeros(())

    def add(self, images: np.ndarray) -> None:
        """Take a batch into account, in float64."""
        for image in images:
            self.n += 1
            apart = image - self.mean
            self.mean = self.mean + apart / self.n
            self._squares = self._squares + apart * (image - self.mean)

    @property
    def variance(self) -> np.ndarray:
        """Of single images, by n - 1; 0 for one image."""
        return self._squares / max(self.n - 1, 1)


def numbers_at(
    rows: np.ndarray, columns: np.ndarray, width: int, n_channels: int, key: Sequence[int]
) -> np.ndarray:
    """Standard normal numbers of places in a plane, whatever else is asked for with them.

    Parameters
    ----------
    rows, columns : ndarray of int
        0 or more; columns below `width`.
    width : int
        Columns of the plane.
    n_channels : int
    key : sequence of int
        Seed, and what tells this plane from others.

    Returns
    -------
    numbers : ndarray of float32, shape (rows, columns, channels)
    """
    out = np.empty((len(rows), len(columns), n_channels), np.float32)
    blocks = rows // ROWS_AT_ONCE
    for block in np.unique(blocks):
        rng = np.random.default_rng([*key, int(block)])
        shape = (ROWS_AT_ONCE, width, n_channels)
        drawn = rng.standard_normal(shape, dtype=np.float32)
        mine = blocks == block
        out[mine] = drawn[rows[mine] % ROWS_AT_ONCE][:, columns]
    return out


def _words(place: Place) -> list[int]:
    """A place as numbers."""
    return [number for letter in sorted(place) for number in (ord(letter), place[letter])]
