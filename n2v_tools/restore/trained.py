"""Trained networks behind any engine: their grey levels and their geometry."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from ..contracts import Restorer
from ..legacy import CARE_PERCENTILES
from ..prepare.struct_mask import StructMask
from ..prepare.symmetry import Symmetry, symmetries

CARE_EPSILON = 1e-20

R = TypeVar("R", bound="TrainedRestorer")


class TrainedRestorer(Restorer):
    """A Restorer that carries the mean and deviation of its training data, or fits them.

    Parameters
    ----------
    axes : str
        ``YX``, ``ZYX`` or ``TYX``.
    means, stds : sequence of float or None
        Counts, one per channel. None: fitted to each stack by percentiles, as CARE does.
    reach_px, block_px : tuple of int
        One per letter of `axes`.
    halo_px : tuple of int or None
        Smallest halo that tiles need; None: the reach rounded up to the block.
    margin_px : tuple of int
        How far a field is padded by reflection, so that the net never meets the zeros beyond
        it; empty for nets that learned with them, as Noise2Void's do.
    name : str
        Of the model.
    struct_mask : StructMask or None
        Of structN2V: only symmetries that keep it are allowed.
    """

    engine: str
    precision: str
    halo_px: tuple[int, ...] = ()

    def __init__(
        self,
        *,
        axes: str,
        n_channels: int,
        means: Sequence[float] | None,
        stds: Sequence[float] | None,
        reach_px: tuple[int, ...],
        block_px: tuple[int, ...],
        halo_px: tuple[int, ...] | None = None,
        margin_px: tuple[int, ...] = (),
        name: str = "model",
        struct_mask: StructMask | None = None,
    ) -> None:
        self.axes = axes
        self.n_channels = n_channels
        self.means = None if means is None else np.asarray(means, np.float64)
        self.stds = None if stds is None else np.asarray(stds, np.float64)
        self.reach_px = tuple(reach_px)
        self.block_px = tuple(block_px)
        self.halo_px = self.reach_px if halo_px is None else tuple(halo_px)
        self.margin_px = tuple(margin_px)
        self.name = name
        self.symmetries: tuple[Symmetry, ...] = symmetries(struct_mask)

    @property
    @abstractmethod
    def n_inputs(self) -> int:
        """Channels of the tiles that `predict` takes; those of frames are more than it returns."""

    def with_intensity(self: R, means: np.ndarray, stds: np.ndarray) -> R:
        """Return a Restorer of the same network with another mean and deviation."""
        other = copy.copy(self)
        other.means, other.stds = np.asarray(means, np.float64), np.asarray(stds, np.float64)
        return other

    def fit_intensity(self: R, planes: Iterable[np.ndarray]) -> R:
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
        return self.with_intensity(low, high - low + CARE_EPSILON)
