"""TensorFlow behind the contract of a Restorer.

Counts go in and counts come out: the model's own mean and deviation are taken off and
put back inside one traced function, which is traced once for each tile size and never
goes through Keras' ``predict``.

Tests: ``tests/restore/test_engine.py``.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import keras_backend
from ..contracts import Where
from ..errors import N2VToolsError
from ..nets.reach import net_block, net_halo, net_reach
from ..nets.unet import NetSettings
from ..words import option
from .footprint import bytes_per_px
from .trained import TrainedRestorer

LOG = logging.getLogger(__name__)


def restore_with_tensorflow(
    settings: NetSettings, net: Any, precision: str, **known: Any
) -> KerasRestorer:
    """Make a Restorer of a Keras network with its weights; `settings` are those it was built with.

    `precision` is the net's, "float32" or "bfloat16"; `known` is what TrainedRestorer takes and the
    network does not say.
    """
    reach, halo, block = settings.own_geometry or (net_reach(net), net_halo(net), net_block(net))
    return KerasRestorer(
        net,
        n_channels=settings.n_channels,
        reach_px=reach,
        block_px=block,
        halo_px=halo,
        margin_px=halo if settings.needs_margin else (),
        precision=precision,
        **known,
    )


class KerasRestorer(TrainedRestorer):
    """Restores tiles with a Keras network.

    Parameters
    ----------
    net : keras.Model
        Normalised (N, [Z,] Y, X, C) in; as many channels out, or twice as many where
        the second half is the scale of a probabilistic model, which is dropped. A net with
        several outputs gives one tensor for each.
    precision : {"float32", "bfloat16"}
        Of `net`, for the record.
    known : as in TrainedRestorer
        `n_channels` only where the net takes more channels than it returns.
    """

    engine = "tensorflow"

    def __init__(self, net: Any, *, precision: str = "float32", **known: Any) -> None:
        super().__init__(**{"n_channels": int(net.input_shape[-1]), **known})
        self.net = net
        self.precision = precision
        self._traced: dict[tuple[int, ...], Callable[..., Any]] = {}
        self._most_at_once: int | None = None  # learnt when a GPU runs out of memory

    @property
    def n_inputs(self) -> int:
        """Channels of the tiles that `predict` takes."""
        return int(self.net.input_shape[-1])

    @functools.cached_property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Working memory per pixel of a tile, from the traced network."""
        return bytes_per_px(self._function, self.block_px, self.n_inputs)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C) counts.

        N2VToolsError if one tile alone is too large for the device.
        """
        tf = keras_backend.load()
        restored = []
        done = 0
        while done < len(tiles):
            n = min(len(tiles) - done, self._most_at_once or len(tiles))
            try:
                restored.append(self._predict_batch(tiles[done : done + n]))
            except tf.errors.ResourceExhaustedError:
                if n == 1:
                    raise N2VToolsError(
                        f"{self.name}: one tile of {' x '.join(map(str, tiles.shape[1:-1]))} px "
                        "needs more memory than the device has. Pass a smaller "
                        f"{option('memory')}, or set CUDA_VISIBLE_DEVICES=-1 to use the processor."
                    ) from None
                self._most_at_once = n // 2
                LOG.info("%s: out of memory, now %d tiles at once", self.name, n // 2)
                continue
            done += n
        return restored[0] if len(restored) == 1 else np.concatenate(restored)

    def with_intensity(self, means: np.ndarray, stds: np.ndarray) -> KerasRestorer:
        """Return a Restorer of the same network with another mean and deviation."""
        other = super().with_intensity(means, stds)
        other._traced = {}  # traced functions hold the mean and the deviation
        for traced in ("_function", "bytes_per_px"):
            other.__dict__.pop(traced, None)
        return other

    def _predict_batch(self, tiles: np.ndarray) -> np.ndarray:
        """Predict what fits into the memory, traced once for each size of a tile."""
        tf = keras_backend.load()
        shape = tiles.shape[1:]
        if shape not in self._traced:
            spec = tf.TensorSpec((None, *shape), tf.float32)
            self._traced[shape] = self._function.get_concrete_function(spec)
        return self._traced[shape](tf.constant(tiles, tf.float32)).numpy()

    @functools.cached_property
    def _function(self) -> Any:
        """Normalise, predict and undo, in float32 around a network of any precision."""
        tf = keras_backend.load()
        means = tf.constant(0 if self.means is None else self.means, tf.float32)
        stds = tf.constant(1 if self.stds is None else self.stds, tf.float32)

        def restore(tiles: Any) -> Any:
            predicted = tf.nest.flatten(self.net((tiles - means) / stds, training=False))
            images = [tf.cast(one[..., : self.n_channels], tf.float32) for one in predicted]
            counts = [image * stds + means for image in images]
            return counts[0] if len(counts) == 1 else tf.concat(counts, axis=-1)

        return tf.function(restore, autograph=False)
