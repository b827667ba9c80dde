"""Resizers: an image brought to a size that a net takes, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..restore.cover import padding
from .refusals import WrongValue


class PadAndCropResizer:
    """Pads before prediction and crops after it; `mode` and keywords are those of ``numpy.pad``."""

    def __init__(self, mode: str = "reflect", **kwargs: Any) -> None:
        self.mode, self.kwargs = mode, kwargs

    def before(self, x: np.ndarray, axes: str, axes_div_by: Sequence[int]) -> np.ndarray:
        """Pad each axis on both sides to a multiple; the odd pixel goes to the end."""
        widths = [padding(n, block) for n, block in zip(x.shape, axes_div_by, strict=True)]
        self.pad = dict(zip(axes, widths, strict=True))
        return np.pad(x, widths, mode=self.mode, **self.kwargs)  # type: ignore[call-overload]

    def after(self, x: np.ndarray, axes: str) -> np.ndarray:
        """Crop what `before` added."""
        kept = [
            slice(self.pad[letter][0], n - self.pad[letter][1])
            for letter, n in zip(axes, x.shape, strict=True)
        ]
        return x[tuple(kept)]


class NoResizer:
    """Takes only images whose size fits the net."""

    def before(self, x: np.ndarray, axes: str, axes_div_by: Sequence[int]) -> np.ndarray:
        """Return `x`, or raise WrongValue naming the axis that does not fit."""
        for letter, block, n in zip(axes, axes_div_by, x.shape, strict=True):
            if n % block:
                raise WrongValue(
                    f"axis {letter} is {n} px long and the net needs a multiple of {block}. Crop "
                    "the image, or pass resizer=PadAndCropResizer()."
                )
        return x

    def after(self, x: np.ndarray, axes: str) -> np.ndarray:
        """Return `x`."""
        return x
