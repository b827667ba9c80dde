"""What restores one file, be it a model or a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..methods.base import Restorer


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
    """

    restorer: Restorer
    used: dict[str, Any]
    settings: dict[str, Any]
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    parameters: list[dict[str, Any]] | None = None
