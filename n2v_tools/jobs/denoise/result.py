"""Result of ``n2v-denoise`` for one input.

Tests: ``tests/jobs/denoise/test_one.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import N2VToolsError
from ..desk.inputs import one_line


@dataclass(frozen=True)
class Denoised:
    """What became of one input."""

    input: str
    output: str | None = None  # None if the input failed
    axes: str | None = None  # as the output file holds them
    dtype: str | None = None
    reason: str = ""  # why this dtype
    # share of the pixels that lay outside the range of `dtype`
    clipped_percent: float | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()  # about pixel size and intensity that are unlike the model's
    note: str = ""
    skipped: bool = False  # True if the output existed and was to be left
    error: str = ""  # empty if it worked
    engine: str | None = None  # what ran the net: what was asked for, or what was chosen
    precision: str | None = None  # likewise
    method: str | None = None  # the filter that was used instead of a model
    parameters: list[dict[str, Any]] | None = None  # its settings, one object per channel
    # further files that were written, by the name of the output
    others: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)  # words about each of them
    # what the Restorer says of the whole stack
    facts: Mapping[str, Any] = field(default_factory=dict)
    report: str | None = None  # the page about it, if it was asked for

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        if self.error:
            return {"input": self.input, "error": self.error}
        values = dataclasses.asdict(self)
        for nested in ("error", "others", "about", "facts"):
            del values[nested]
        return {**values, **self.others, **self.facts}

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for a person for each file, the path first, then a tab."""
        restored = (
            f"{self.output}\t{self.axes} {self.dtype} ({self.reason}), "
            f"clipped {self.clipped_percent:.3g} %, {self.seconds:.1f} s"
        )
        others = (
            f"{path}\t{self.axes} float32 ({self.about[name]})"
            for name, path in self.others.items()
        )
        return restored, *others


def failed(name: str, error: N2VToolsError | OSError) -> Denoised:
    """Say in one line why nothing became of `name`."""
    return Denoised(name, error=one_line(name, error))
