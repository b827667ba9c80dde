"""Tables of a comparison: for a person, for a document, for a spreadsheet, for a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...report.plain import aligned, csv_text, piped, to_jsonable
from .scores import Scores

NOISY = "noisy"  # the row of the stack as it is
COLUMNS = (  # key, heading, decimals
    ("method", "method", None),
    ("how", "how", None),
    ("train_seconds", "training, s", 0),
    ("seconds", "restoring, s", 1),
    ("residual_deviation", "residual, counts", 2),
    ("residual_lag1_y", "lag 1, Y", 2),
    ("residual_lag1_x", "lag 1, X", 2),
    ("signal_in_residual", "signal in residual", 3),
    ("next_frame", "next frame, counts", 2),
    ("psnr", "PSNR, dB", 2),
    ("affine_psnr", "affine PSNR, dB", 2),
)
LEGEND = (
    "Residual: noisy minus restored; a perfect one is the noise itself, as strong and correlated "
    "alike, and has no signal (correlation with the restored pixels) in it."
)


@dataclass(frozen=True)
class Compared:
    """What became of one method."""

    method: str  # its name, or that of a yardstick
    how: str = ""  # what it found or learned: parameters, mask, steps
    output: Path | None = None  # the restored file
    model: Path | None = None  # the folder of the model
    train_seconds: float | None = None  # of training
    seconds: float | None = None  # of restoring
    scores: Scores = field(default_factory=Scores)
    error: str = ""  # why it failed; empty if it worked
    # all settings of a filter, one object per channel
    parameters: list[dict[str, Any]] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """Values by key of `COLUMNS`; None where there is none."""
        residual = self.scores.residual
        return {
            "method": self.method,
            "how": self.error or self.how,
            "train_seconds": self.train_seconds,
            "seconds": self.seconds,
            "residual_deviation": residual.deviation if residual else None,
            "residual_lag1_y": residual.along["Y"][0] if residual else None,
            "residual_lag1_x": residual.along["X"][0] if residual else None,
            "signal_in_residual": residual.signal if residual else None,
            "next_frame": self.scores.next_frame,
            "psnr": self.scores.psnr,
            "affine_psnr": self.scores.affine_psnr,
        }

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        if self.error:
            return {"method": self.method, "error": self.error}
        residual = self.scores.residual
        return {
            **self.facts,
            "output": self.output,
            "model": self.model,
            "parameters": self.parameters,
            "residual_bias": residual.bias if residual else None,
            "residual_correlation": residual.along if residual else None,
        }


def as_text(rows: Sequence[Compared]) -> list[str]:
    """Lines of a table with aligned columns; columns without any value are left out."""
    return aligned(_cells(rows), n_words=2)


def as_markdown(rows: Sequence[Compared], title: str, notes: Sequence[str], command: str) -> str:
    """A document with the table, how to read it, and the command that repeats it."""
    lines = [f"# {title}", "", *piped(_cells(rows), n_words=2), "", LEGEND]
    lines += [f"\n{note}" for note in notes]
    return "\n".join([*lines, "", f"    {command}", ""])


def as_csv(rows: Sequence[Compared]) -> str:
    """Every column of every row; empty where there is no value."""
    facts = [to_jsonable(row.facts) for row in rows]
    keys = [key for key, *_ in COLUMNS]
    return csv_text([keys, *([one[key] for key in keys] for one in facts)])


def _cells(rows: Sequence[Compared]) -> list[list[str]]:
    """Heading and rows as text, without columns that are empty throughout."""
    facts = [row.facts for row in rows]
    used = [column for column in COLUMNS if any(f[column[0]] is not None for f in facts)]
    head = [heading for _, heading, _ in used]
    return [head, *([_cell(f[key], decimals) for key, _, decimals in used] for f in facts)]


def _cell(value: Any, decimals: int | None) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return str(value) if decimals is None else f"{value:.{decimals}f}"
