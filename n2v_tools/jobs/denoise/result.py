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
    """What became of one input.

    Parameters
    ----------
    input : str
    output : str or None
        None if the input failed.
    axes : str or None
        As the output file holds them.
    dtype : str or None
    reason : str
        Why this dtype.
    clipped_percent : float or None
        Share of the pixels that lay outside the range of `dtype`.
    seconds : float
    warnings : tuple of str
        About pixel size and intensity that are unlike the model's.
    note : str
    skipped : bool
        True if the output existed and was to be left.
    error : str
        Empty if it worked.
    engine, precision : str or None
        What ran the net: what was asked for, or what was chosen.
    method : str or None
        The filter that was used instead of a model.
    parameters : list of dict or None
        Its settings, one object per channel.
    others : mapping of str to str
        Further files that were written, by the name of the output.
    about : mapping of str to str
        Words about each of them.
    facts : mapping
        What the Restorer says of the whole stack.
    report : str or None
        The page about it, if it was asked for.
    """

    input: str
    output: str | None = None
    axes: str | None = None
    dtype: str | None = None
    reason: str = ""
    clipped_percent: float | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    note: str = ""
    skipped: bool = False
    error: str = ""
    engine: str | None = None
    precision: str | None = None
    method: str | None = None
    parameters: list[dict[str, Any]] | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    report: str | None = None

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
