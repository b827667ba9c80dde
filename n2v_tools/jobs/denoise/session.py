"""Sessions of ``n2v-denoise``: a model or a filter that restores all files of one command.

Tests: ``tests/jobs/denoise/test_plan.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...contracts import RESTORED, UNCERTAINTY, Output, Restorer
from ...stack import Stack
from .request import DenoiseRequest


@dataclass(frozen=True)
class Prepared:
    """A Restorer for one file, and what is said and kept of it."""

    restorer: Restorer  # fitted to the file where it fits itself
    used: dict[str, Any]  # what is kept in the output about the model or filter
    settings: dict[str, Any]  # what is kept among the settings
    notes: Sequence[str] = ()  # what a user should hear
    warnings: Sequence[str] = ()  # what a user must hear
    parameters: list[dict[str, Any]] | None = None  # of a filter, one object per channel


class Session(ABC):
    """A model or a filter with what was asked for; engines load when the first file needs them."""

    request: DenoiseRequest
    engine: str | None = None  # what runs the net, once it is loaded; None for a filter
    precision: str | None = None  # arithmetic of the net, likewise

    @property
    def own_outputs(self) -> tuple[Output, ...]:
        """What the model or filter itself gives, the restored image first."""
        return (RESTORED,)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What will be written of each file, the restored image first."""
        return (*self.own_outputs, UNCERTAINTY) if self.request.uncertainty else self.own_outputs

    @abstractmethod
    def require_fit(self, stack: Stack) -> None:
        """Raise if a stack's axes and channels are not what the model or filter takes.

        No pixel is read and no engine is loaded.
        """

    @abstractmethod
    def prepare(self, stack: Stack) -> Prepared:
        """Return what restores one stack."""
