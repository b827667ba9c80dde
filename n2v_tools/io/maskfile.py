"""Struct masks in files: nested lists of 0 and 1 as JSON, or a .npy array."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import StackError
from ..untrusted import parse_json, read_text
from .formats.npy import read_numbers

MOST_BYTES = 1_000_000  # a mask is tiny; what is larger is something else


def read_mask_file(path: Path) -> str:
    """Read a mask, ``.npy`` or ``.json``, and return it as JSON text, its values unchecked.

    StackError if it is missing, damaged, or no small array of numbers.
    """
    right = "A mask is a nested list of 0 and 1, such as [[0, 1, 1, 1, 0]]."
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise StackError(f"{path}: has {size} bytes, too many for a mask. {right}")
        if path.suffix == ".npy":
            return json.dumps((read_numbers(path) + 0).tolist())
        values = parse_json(read_text(path, MOST_BYTES))
    except FileNotFoundError:
        raise StackError(f"{path}: no such file. {right}") from None
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise StackError(f"{path}: cannot be read as a mask ({reason}). {right}") from None
    if not isinstance(values, list):
        raise StackError(f"{path}: holds no list. {right}")
    return json.dumps(values)
