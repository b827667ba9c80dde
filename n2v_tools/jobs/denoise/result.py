"""What became of one input of ``n2v-denoise``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
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
    uncertainty : str or None
        The stack of standard deviations of the error, if it was asked for.
    typical_error : float or None
        Root mean squared error that is expected, in counts, if it was asked for.
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
    uncertainty: str | None = None
    typical_error: float | None = None
    report: str | None = None

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        if self.error:
            return {"input": self.input, "error": self.error}
        values = dataclasses.asdict(self)
        del values["error"]
        return values

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for a person for each file, the path first, then a tab."""
        restored = (
            f"{self.output}\t{self.axes} {self.dtype} ({self.reason}), "
            f"clipped {self.clipped_percent:.3g} %, {self.seconds:.1f} s"
        )
        if self.uncertainty is None:
            return (restored,)
        about = f"standard deviation of the error, {self.typical_error:.3g} counts overall"
        return restored, f"{self.uncertainty}\t{self.axes} float32 ({about})"


def failed(name: str, error: N2VToolsError | OSError) -> Denoised:
    """Say in one line why nothing became of `name`."""
    return Denoised(name, error=one_line(name, error))
