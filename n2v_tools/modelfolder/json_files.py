"""JSON files of a model folder, read and written as data."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from ..io.publish import replacing
from ..untrusted import parse_json, read_text

OURS = "n2v_tools"  # our key in config.json
CONFIG = "config.json"
PROVENANCE = "provenance.json"
LARGEST_JSON = 16 * 2**20  # bytes: the inputs of a training on 90,000 files


def write_provenance(folder: Path | str, provenance: Mapping[str, Any]) -> None:
    """Write where a model comes from: versions, command, seed, hashes of the inputs.

    OutputError if it cannot be written.
    """
    write_json(Path(folder) / PROVENANCE, plain(provenance))


def read_provenance(folder: Path | str) -> dict[str, Any] | None:
    """Read ``provenance.json``; None where there is none, ModelError if it is damaged."""
    path = Path(folder) / PROVENANCE
    return read_json(path) if path.is_file() else None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object as data; NaN, junk and absurd sizes are refused."""
    try:
        value = parse_json(read_text(path, LARGEST_JSON))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path}: not readable as JSON ({error!s:.100}). Restore the file from its source, "
            "or train the model anew."
        ) from None
    if not isinstance(value, dict):
        raise ModelError(f"{path}: holds no JSON object. Restore the file from its source.")
    return value


def write_json(path: Path, value: Any) -> None:
    """Write so that the name holds either the old or the whole new text.

    OutputError if it cannot be written.
    """
    text = json.dumps(value, indent=1, allow_nan=False) + "\n"
    with replacing(path, place="models") as temporary:
        temporary.write_text(text, encoding="utf-8")


def plain(value: Any) -> Any:
    """What JSON can hold: arrays become lists, paths text, NaN and infinity null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, os.PathLike) else value
