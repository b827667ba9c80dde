"""Normalisers: an image brought to the grey levels of a CSBDeep net, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .refusals import WrongValue

EPSILON = 1e-20  # CSBDeep's guard against an image of one value


class PercentileNormalizer:
    """Two percentiles of each channel become 0 and 1 [1]_.

    Parameters
    ----------
    pmin, pmax : float
        In percent.
    do_after : bool
        Undo it after prediction.
    dtype : type
        Of what the net gets.
    **kwargs
        ``clip`` and ``eps``, as in CSBDeep.

    References
    ----------
    .. [1] M. Weigert et al. Content-aware image restoration: pushing the limits of
       fluorescence microscopy. Nature Methods 15, 2018.
    """

    def __init__(
        self,
        pmin: float = 2,
        pmax: float = 99.8,
        do_after: bool = True,
        dtype: Any = np.float32,
        **kwargs: Any,
    ) -> None:
        if not 0 <= pmin < pmax <= 100:
            raise WrongValue(f"percentiles are {pmin} and {pmax}; take 0 <= pmin < pmax <= 100.")
        self.pmin, self.pmax, self._do_after, self.dtype = pmin, pmax, do_after, dtype
        self.kwargs = kwargs

    @property
    def do_after(self) -> bool:
        """Whether `after` is to be called."""
        return self._do_after

    def before(self, x: np.ndarray, axes: str) -> np.ndarray:
        """Normalise an image of `axes`; its percentiles are kept for `after`."""
        over = tuple(i for i, letter in enumerate(axes) if letter != "C")
        low, high = np.percentile(x, (self.pmin, self.pmax), axis=over, keepdims=True)
        self._low, self._high = low.astype(self.dtype), high.astype(self.dtype)
        span = self._high - self._low + self.dtype(self.kwargs.get("eps", EPSILON))
        normalised = (x.astype(self.dtype, copy=False) - self._low) / span
        return np.clip(normalised, 0, 1) if self.kwargs.get("clip") else normalised

    def after(self, mean: np.ndarray, scale: Any, axes: str) -> tuple[np.ndarray, Any]:
        """Undo it for a result with the axes that `before` had."""
        span = self._high - self._low
        return mean * span + self._low, None if scale is None else scale * span


class NoNormalizer:
    """Leaves grey levels as they are; there is nothing to undo, whatever `do_after` says."""

    def __init__(self, do_after: bool = False) -> None:
        self._do_after = do_after

    @property
    def do_after(self) -> bool:
        """Whether `after` is to be called."""
        return self._do_after

    def before(self, x: np.ndarray, axes: str) -> np.ndarray:
        """Return `x`."""
        return x

    def after(self, mean: np.ndarray, scale: Any, axes: str) -> tuple[np.ndarray, Any]:
        """Return what was given."""
        return mean, scale
