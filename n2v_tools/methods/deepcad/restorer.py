"""The Restorer that DeepCAD leaves behind: frames are counted from what stands still.

Tests: ``tests/contract/test_every_restorer.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...contracts import Opening, Restorer, Where
from ...restore.wrapped import Wrapped
from ...words import option, setting
from ..table import movie_rows
from .original import OriginalRestorer


def open_restorer(opening: Opening) -> Restorer:
    """Make the Restorer of a trained net: as the original program, or ours."""
    if opening.settings is not None and opening.settings.legacy_rescale:
        return OriginalRestorer(opening.net, opening.settings)
    return StillRestorer(opening.net) if opening.record else opening.net


@dataclass(frozen=True)
class StillRestorer(Wrapped):
    """A Restorer of movies whose net takes frames counted from the mean over all frames."""

    # float32, shape (Y, X, C); deviation of the mean over all frames from its own mean, counts;
    # None: not yet known, or the movie is empty
    still: np.ndarray | None = None

    looks_through: ClassVar[int] = 1  # type: ignore[misc]

    @property
    def no_uncertainty(self) -> str:  # type: ignore[override]
        """Noise cannot be added: it would be in the mean, too."""
        return (
            f"the model {self.name} takes frames counted from what stands still, which noise "
            f"cannot be added to yet. Train with {setting('subtract_still', 'false')}, or take "
            f"{option('method', movie_rows()[0].name)}."
        )

    def for_field(self, planes: Iterator[np.ndarray | None]) -> Restorer:
        """Return the Restorer with the mean over all frames of one movie."""
        total, n = None, 0
        for plane in planes:
            if plane is None:  # then all are
                return self
            total = plane.astype(np.float64) if total is None else total + plane
            n += 1
        if total is None:
            return self
        mean = total / n
        return dataclasses.replace(self, still=(mean - mean.mean(axis=(0, 1))).astype(np.float32))

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (1, T, Y, X, C), counts; without a still image as they are."""
        if self.still is None or at is None:
            return self.inner.predict(tiles, at)
        still = at.cut(self.still)
        return self.inner.predict(tiles - still, at) + still

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Put `wrap` around the net, which sees counted frames."""
        return dataclasses.replace(self, inner=wrap(self.inner))
