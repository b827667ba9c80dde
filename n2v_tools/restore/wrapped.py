"""Restorers around another one: what they pass through unchanged.

Tests: ``tests/contract/test_every_restorer.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ..contracts import Place, Restorer


def of_inner(name: str) -> Any:
    """Stand in for an attribute of a Restorer: it is the inner one's."""
    return property(attrgetter(f"inner.{name}"))


@dataclass(frozen=True)
class Wrapped(Restorer):
    """A Restorer that promises what another one does, but for what a subclass says."""

    inner: Restorer

    name = of_inner("name")
    axes = of_inner("axes")
    n_channels = of_inner("n_channels")
    reach_px = of_inner("reach_px")
    halo_px = of_inner("halo_px")
    block_px = of_inner("block_px")
    margin_px = of_inner("margin_px")
    bytes_per_px = of_inner("bytes_per_px")
    tiles_at_once = of_inner("tiles_at_once")
    sample_px = of_inner("sample_px")
    symmetries = of_inner("symmetries")
    outputs = of_inner("outputs")
    engine = of_inner("engine")
    precision = of_inner("precision")
    no_uncertainty = of_inner("no_uncertainty")

    def for_probing(self) -> Restorer:
        """Take the inner Restorer for probing."""
        return dataclasses.replace(self, inner=self.inner.for_probing())

    def keeps_mean(self, field: Place) -> bool:
        """As the inner Restorer."""
        return self.inner.keeps_mean(field)

    def for_channel(self, channel: int) -> Restorer:
        """Take the inner Restorer for this channel."""
        return dataclasses.replace(self, inner=self.inner.for_channel(channel))

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Put `wrap` around the inner Restorer, which predicts single tiles."""
        return dataclasses.replace(self, inner=self.inner.around(wrap))
