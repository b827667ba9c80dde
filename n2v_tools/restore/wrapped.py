"""Restorers around another one: what they pass through unchanged.

Tests: ``tests/contract/test_every_restorer.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from ..contracts import Output, Restorer
from ..prepare.symmetry import Symmetry

# A property that answers from inside takes the place of an attribute, which mypy does not like.


@dataclass(frozen=True)
class Wrapped(Restorer):
    """A Restorer that promises what another one does, but for what a subclass says.

    Parameters
    ----------
    inner : Restorer
    """

    inner: Restorer

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the inner Restorer."""
        return self.inner.name

    @property
    def axes(self) -> str:  # type: ignore[override]
        """Axes of the inner Restorer."""
        return self.inner.axes

    @property
    def n_channels(self) -> int:  # type: ignore[override]
        """Channels of the inner Restorer."""
        return self.inner.n_channels

    @property
    def reach_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """Reach of the inner Restorer."""
        return self.inner.reach_px

    @property
    def halo_px(self) -> tuple[int, ...]:
        """Halo of the inner Restorer."""
        return self.inner.halo_px

    @property
    def block_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """Block of the inner Restorer."""
        return self.inner.block_px

    @property
    def margin_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """Margin of the inner Restorer."""
        return self.inner.margin_px

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Working memory of the inner Restorer."""
        return self.inner.bytes_per_px

    @property
    def tiles_at_once(self) -> int:  # type: ignore[override]
        """Those of the inner Restorer."""
        return self.inner.tiles_at_once

    @property
    def sample_px(self) -> tuple[int, ...] | None:  # type: ignore[override]
        """Pieces that the inner Restorer is fitted to."""
        return self.inner.sample_px

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:  # type: ignore[override]
        """Symmetries of the inner Restorer."""
        return self.inner.symmetries

    @property
    def outputs(self) -> tuple[Output, ...]:  # type: ignore[override]
        """Outputs of the inner Restorer."""
        return self.inner.outputs

    @property
    def engine(self) -> str | None:  # type: ignore[override]
        """Engine of the inner Restorer."""
        return self.inner.engine

    @property
    def precision(self) -> str | None:  # type: ignore[override]
        """Precision of the inner Restorer."""
        return self.inner.precision

    @property
    def no_uncertainty(self) -> str:  # type: ignore[override]
        """Reason of the inner Restorer."""
        return self.inner.no_uncertainty

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Put `wrap` around the inner Restorer, which predicts single tiles."""
        return dataclasses.replace(self, inner=self.inner.around(wrap))
