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
    """A Restorer for one file, and what is said and kept of it.

    Parameters
    ----------
    restorer : Restorer
        Fitted to the file where it fits itself.
    used, settings : dict
        What is kept in the output: about the model or filter, and among the settings.
    notes, warnings : sequence of str
        What a user should hear, and must hear.
    parameters : list of dict or None
        Of a filter, one object per channel.
    """

    restorer: Restorer
    used: dict[str, Any]
    settings: dict[str, Any]
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    parameters: list[dict[str, Any]] | None = None


class Session(ABC):
    """A model or a filter with what was asked for; engines load when the first file needs them.

    Attributes
    ----------
    request : DenoiseRequest
    engine, precision : str or None
        What runs the net, and its arithmetic, once it is loaded; None for a filter.
    """

    request: DenoiseRequest
    engine: str | None = None
    precision: str | None = None

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
