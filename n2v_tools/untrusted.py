"""Parsers of what may come from anybody: JSON, numbers and arrays, bounded in depth and size.

A model folder, the record inside an image and the value of an option are made by others. JSON
allows numbers of any size and lists of any depth, and what they break breaks far from where they
were read. Here they are refused where they come in, as a ValueError that says why.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MOST_DEPTH = 32  # lists and objects within each other; our files have 6
MOST_LETTERS = 100  # of a number; Python writes 24
LARGEST = 1e100  # no square leaves float64
LARGEST_WHOLE = 2**63 - 1  # that NumPy has


def read_text(path: Path, most_bytes: int) -> str:
    """Read a whole file of UTF-8; ValueError if it is larger, or no text."""
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"it is larger than {most_bytes} bytes")
    return data.decode("utf-8")


def parse_json(text: str) -> Any:
    """Read JSON as data; ValueError for anything else, NaN, and absurd numbers and depths."""
    too_deep = f"lists or objects lie more than {MOST_DEPTH} deep in each other"
    try:
        value = json.loads(
            text,
            parse_int=parse_whole_number,
            parse_float=parse_number,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise ValueError(too_deep) from None
    if _is_deep(value):
        raise ValueError(too_deep)
    return value


def parse_number(text: str) -> float:
    """Read a number that can be computed with: 0, or one of 1e-100 to 1e100 in size."""
    value = float(_short(text))
    if value and not 1 / LARGEST <= abs(value) <= LARGEST:
        raise ValueError(f"{text} is no number that can be computed with")
    return value


def parse_whole_number(text: str) -> int:
    """Read a whole number of at most 63 bits and its sign."""
    value = int(_short(text))
    if abs(value) > LARGEST_WHOLE:
        raise ValueError(f"{text} is too large for a whole number")
    return value


def read_npz(path: Path, most_bytes: int) -> dict[str, np.ndarray]:
    """Read the arrays of numbers in a NumPy .npz file, by name.

    ValueError if it is none, holds anything that would have to be unpickled, or is larger than so
    many bytes when it is unpacked; OSError if it cannot be read.
    """
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive:
            n_bytes = sum(one.file_size for one in archive.infolist())
        if n_bytes > most_bytes:
            raise ValueError(f"it unpacks to {n_bytes} bytes, more than {most_bytes}")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it is no .npz file: {error}") from None
    if any(one.dtype.kind not in "fiub" for one in arrays.values()):
        raise ValueError("it holds something else than numbers")
    return arrays


def _short(text: str) -> str:
    if len(text) > MOST_LETTERS:
        raise ValueError(f"{text[:20]}... is a number of {len(text)} digits")
    return text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no finite number")


def _is_deep(value: Any) -> bool:
    """Whether lists and objects lie too deep in each other."""
    level = [value]
    for _ in range(MOST_DEPTH):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        level = [one for one in inner if isinstance(one, (dict, list))]
        if not level:
            return False
    return True
