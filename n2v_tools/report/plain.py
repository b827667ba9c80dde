"""Plain text and plain JSON: numbers, settings and tables as every output shows them.

Light on purpose: the command line needs it for every answer.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Rows = Sequence[Sequence[str]]


def to_jsonable(value: Any) -> Any:
    """Turn `value` into what JSON knows: NaN and infinity into null, numpy numbers into numbers."""
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_jsonable(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # numpy scalar or array, without importing numpy
        return to_jsonable(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def json_text(value: Any) -> str:
    """Write `value` as one JSON value; see `to_jsonable`."""
    return json.dumps(to_jsonable(value), allow_nan=False, indent=2)


def number_text(value: float) -> str:
    """Three digits or all before the point, no exponent where it can be avoided."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "?"
    if abs(value) >= 1e7 or abs(value) < 1e-3:
        return f"{value:.3g}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def value_text(value: Any, digits: int = 4, times: str = " × ") -> str:
    """Write a setting: `digits` of a number, `times` between those of a list."""
    if isinstance(value, (list, tuple)):
        return times.join(value_text(item, digits, times) for item in value)
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def count_text(n: int, noun: str) -> str:
    """Write how many there are: ``1 plane``, ``2 planes``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def aligned(rows: Rows, n_words: int = 1) -> list[str]:
    """Lay out a table in lines: the first `n_words` columns to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            word.ljust(width) if number < n_words else word.rjust(width)
            for number, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def piped(rows: Rows, n_words: int = 1) -> list[str]:
    """Write a table as Markdown, the first row as its heading; columns as in `aligned`."""
    head, *body = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    rule = "|".join("---" if number < n_words else "---:" for number in range(len(head)))
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in body)]


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Write a table for a spreadsheet: numbers in full precision, nothing for NaN."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow(["" if isinstance(c, float) and math.isnan(c) else c for c in row])
    return text.getvalue()
