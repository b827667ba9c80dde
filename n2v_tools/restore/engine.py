"""A trained Keras network behind the contract of a Restorer.

Counts go in and counts come out: the model's own mean and deviation are taken off and
put back inside one traced function, which is traced once for each tile size and never
goes through Keras' ``predict``.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import keras_backend
from ..errors import N2VToolsError
from ..legacy import CARE_PERCENTILES
from ..prepare.symmetry import Symmetry, symmetries
from .footprint import bytes_per_px

if TYPE_CHECKING:
    from ..modelfolder import Model

LOG = logging.getLogger(__name__)
CARE_EPSILON = 1e-20


def open_restorer(model: Model, precision: str = "float32") -> KerasRestorer:
    """Load a model's network and weights and make a Restorer of them.

    Parameters
    ----------
    model : Model
        As `modelfolder.read_model` returns it.
    precision : {"auto", "float32", "bfloat16"}
        Arithmetic of the network; auto is float32.

    Raises
    ------
    ModelError
        If the weights are missing, damaged or do not fit.
    """
    from ..modelfolder import load_net
    from ..nets.reach import net_block, net_reach

    net = load_net(model, "float32" if precision == "auto" else precision)
    return KerasRestorer(
        net,
        axes=model.axes,
        means=model.means or None,
        stds=model.stds or None,
        reach_px=net_reach(net),
        block_px=net_block(net),
        name=model.name,
        struct_mask=model.struct_mask,
    )


class KerasRestorer:
    """Restores tiles with a Keras network.

    Parameters
    ----------
    net : keras.Model
        Normalised (N, [Z,] Y, X, C) in; as many channels out, or twice as many where
        the second half is the scale of a probabilistic model, which is dropped.
    axes : str
        ``YX``, ``ZYX`` or ``TYX``.
    means, stds : sequence of float or None
        Counts, one per channel. None: fitted to each stack by percentiles, as CARE does.
    reach_px, block_px : tuple of int
        One per letter of `axes`.
    name : str
        Of the model.
    struct_mask : array-like or None
        Of structN2V: only symmetries that keep it are allowed.
    """

    def __init__(
        self,
        net: Any,
        *,
        axes: str,
        means: Sequence[float] | None,
        stds: Sequence[float] | None,
        reach_px: tuple[int, ...],
        block_px: tuple[int, ...],
        name: str = "model",
        struct_mask: Any | None = None,
    ) -> None:
        self.net = net
        self.axes = axes
        self.means = None if means is None else np.asarray(means, np.float64)
        self.stds = None if stds is None else np.asarray(stds, np.float64)
        self.n_channels = int(net.input_shape[-1])
        self.reach_px = tuple(reach_px)
        self.block_px = tuple(block_px)
        self.name = name
        self.symmetries: tuple[Symmetry, ...] = symmetries(struct_mask)
        self._traced: dict[tuple[int, ...], Callable[..., Any]] = {}
        self._most_at_once: int | None = None  # learnt when a GPU runs out of memory

    @functools.cached_property
    def bytes_per_px(self) -> int:
        """Working memory per pixel of a tile, from the traced network."""
        return bytes_per_px(self._function, self.block_px, self.n_channels)

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C) counts.

        Raises
        ------
        N2VToolsError
            If one tile alone is too large for the device.
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
                        "needs more memory than the device has. Pass a smaller --memory, or set "
                        "CUDA_VISIBLE_DEVICES=-1 to use the processor."
                    ) from None
                self._most_at_once = n // 2
                LOG.info("%s: out of memory, now %d tiles at once", self.name, n // 2)
                continue
            done += n
        return restored[0] if len(restored) == 1 else np.concatenate(restored)

    def fit_intensity(self, planes: Iterable[np.ndarray]) -> KerasRestorer:
        """Return itself, or, for a model without mean and deviation, one fitted to `planes`.

        The 2nd and the 99.8th percentile of each channel become 0 and 1 [1]_.

        Parameters
        ----------
        planes : iterable of ndarray of float32, shape (Y, X, C)
            Counts.

        References
        ----------
        .. [1] M. Weigert et al. Content-aware image restoration: pushing the limits of
           fluorescence microscopy. Nature Methods 15, 2018.
        """
        if self.means is not None:
            return self
        pixels = [plane.reshape(-1, plane.shape[-1]) for plane in planes]
        if not pixels:
            low, high = np.zeros(self.n_channels), np.ones(self.n_channels)
        else:
            low, high = np.percentile(np.concatenate(pixels), CARE_PERCENTILES, axis=0)
        return KerasRestorer(
            self.net,
            axes=self.axes,
            means=low,
            stds=high - low + CARE_EPSILON,
            reach_px=self.reach_px,
            block_px=self.block_px,
            name=self.name,
        )

    def _predict_batch(self, tiles: np.ndarray) -> np.ndarray:
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
            predicted = self.net((tiles - means) / stds, training=False)
            return tf.cast(predicted[..., : self.n_channels], tf.float32) * stds + means

        return tf.function(restore, autograph=False)
