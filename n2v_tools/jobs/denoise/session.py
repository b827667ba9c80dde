"""What restores one file, be it a model or a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...methods.base import Restorer
from ...methods.deepcad.original import OriginalSettings
from ...stack import Stack
from ..desk.requests import DenoiseRequest


@dataclass(frozen=True)
class Prepared:
    """What restores one file.

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
    original : OriginalSettings or None
        Of a DeepCAD model that is to restore as the original program does.
    """

    restorer: Restorer
    used: dict[str, Any]
    settings: dict[str, Any]
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    parameters: list[dict[str, Any]] | None = None
    original: OriginalSettings | None = None


class Session(Protocol):
    """What all files of one command share: a model that is loaded, or a filter's settings."""

    @property
    def request(self) -> DenoiseRequest:
        """What was asked for."""

    @property
    def engine(self) -> str | None:
        """What runs the net; None for a filter."""

    @property
    def precision(self) -> str | None:
        """Arithmetic of the net; None for a filter."""

    def prepare(self, stack: Stack) -> Prepared:
        """Return what restores one stack."""
