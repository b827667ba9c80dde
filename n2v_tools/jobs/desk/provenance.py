"""The record of what was done: versions, and inputs by their hash."""

from __future__ import annotations

import hashlib
import platform
from datetime import datetime, timezone
from typing import Any

import numpy as np

from ..._version import __version__, version_of
from ...io.sha256 import sha256_of
from ...stack import Stack

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


def sha256_of_pixels(stack: Stack) -> str:
    """Hash of the planes of a stack in memory, in its order."""
    digest = hashlib.sha256()
    for _, plane in stack.planes():
        digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()
