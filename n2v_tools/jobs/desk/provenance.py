"""The record of what was done: versions, and inputs by their hash."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..._version import __version__, version_of
from ...errors import StackError
from ...io.reader import read_description
from ...io.sha256 import sha256_of
from ...stack import Stack
from ...untrusted import parse_json

LONGEST_RECORD = 2**20  # characters
RECORDED = ("tensorflow", "keras", "tf-keras", "numpy", "tifffile", "n2v", "csbdeep", "h5py")


def versions() -> dict[str, Any]:
    """Versions and machine, JSON values."""
    found = {name: version_of(name) for name in RECORDED}
    return {
        "n2v_tools": __version__,
        "date": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: version for name, version in found.items() if version is not None},
    }


def read_own_record(path: Path) -> dict[str, Any]:
    """Read what a file restored by us says about its making; empty for any other."""
    try:
        text = read_description(path)
        values = parse_json(text) if text and len(text) < LONGEST_RECORD else {}
    except (StackError, ValueError):  # no TIFF, or what ImageJ or another program wrote
        return {}
    return values if isinstance(values, dict) and "n2v_tools" in values else {}


def input_record(stack: Stack) -> dict[str, Any]:
    """Name, size and SHA-256 of every file behind a stack, or of its pixels, with its axes."""
    return {
        "name": stack.name,
        "axes": stack.axes,
        "shape": list(stack.array.shape),
        "dtype": str(stack.dtype),
        "files": [
            {"file": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for path in stack.files
        ],
        **({} if stack.files else {"pixels_sha256": sha256_of_pixels(stack)}),
    }


def is_among(inputs: Any, stack: Stack) -> bool:
    """Whether the records of a model's inputs, which anybody may have written, name this stack.

    A file is hashed only if one of its size is among them.
    """
    listed = inputs if isinstance(inputs, list) else []
    records = [one for one in listed if isinstance(one, Mapping)]
    if not stack.files:
        shape = list(stack.array.shape)
        alike = [one.get("pixels_sha256") for one in records if one.get("shape") == shape]
        return any(alike) and sha256_of_pixels(stack) in alike
    known = {facts for one in records for facts in _known_files(one)}
    sizes = {size for size, _, _ in known}
    mine = [(str(path.stat().st_size), path) for path in stack.files]
    return all(size in sizes for size, _ in mine) and all(
        (size, sha256_of(path), _place(stack.name, path.name)) in known for size, path in mine
    )


def _known_files(record: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Size, hash and place in it of each file of one input."""
    files = record.get("files")
    for file in files if isinstance(files, list) else []:
        if isinstance(file, Mapping):
            place = _place(str(record.get("name")), str(file.get("file")))
            yield str(file.get("bytes")), str(file.get("sha256")), place


def _place(name: str, file: str) -> str:
    """What of an input's name stands behind the file's: a dataset, or a scene."""
    return name.rpartition(file)[2] if file in name else ""


def sha256_of_pixels(stack: Stack) -> str:
    """Hash of the planes of a stack in memory, in its order."""
    digest = hashlib.sha256()
    for _, plane in stack.planes():
        digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()
