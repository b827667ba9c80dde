"""Text files that are replaced whole: what is read is never half of a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..io.publish import disk_errors, publishing


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that a kill leaves the old one or the new one, nothing between.

    For files that one process writes at a time. A file that says the same is left alone.

    Raises
    ------
    OutputError
        If the disk refuses.
    """
    data = text.encode("utf-8")
    with disk_errors(path):
        if path.is_file() and path.read_bytes() == data:
            return
    with publishing(path, overwrite=True) as file:
        file.write(data)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a CSV file as `write_whole`; what is in none of the columns is left out."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())


def read_values(path: Path) -> dict[str, Any]:
    """Read the values of a JSON file; none if it is missing, damaged or not a mapping."""
    try:
        return values_of(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def values_of(text: str) -> dict[str, Any]:
    """Read the values of JSON text; none if it is not a mapping.

    Raises
    ------
    ValueError
        If it is not JSON.
    """
    values = json.loads(text)
    return values if isinstance(values, dict) else {}
