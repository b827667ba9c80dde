"""Hashes of a folder's weights in its ``config.json``: a bit that flips on disk is noticed.

A net whose weights are damaged still restores images, only wrongly. So a training ends by writing
down what its weights were, and reading them begins by comparing. Folders of others, and those
written before, have no hashes; they are read as ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..io.sha256 import sha256_of
from .json_files import CONFIG, OURS, read_json, write_json

KEY = "weights_sha256"  # of our part of config.json: hashes by the names of files
_SHA256 = re.compile("[0-9a-f]{64}")


def read_hashes(own: Mapping[str, Any], where: str) -> frozenset[str]:
    """Read the hashes of all weights of a training from our part of the file `where`, checked.

    By content, not by name: weights may be renamed. Empty where there are none.
    """
    found = own.get(KEY, {})
    values = list(found.values()) if isinstance(found, Mapping) else [None]
    if not all(isinstance(one, str) and _SHA256.fullmatch(one) for one in values):
        raise ModelError(
            f"{where}: {KEY} must hold the SHA-256 of each file of weights. Restore the file from "
            "its source, or take that entry out."
        )
    return frozenset(map(str, values))


def recorded_weights(folder: Path) -> frozenset[str]:
    """Read the hashes in a folder's ``config.json``; ModelError if it is damaged."""
    path = folder / CONFIG
    own = read_json(path).get(OURS) if path.is_file() else None
    return read_hashes(own, str(path)) if isinstance(own, Mapping) else frozenset()


def record_weights(folder: Path) -> None:
    """Write down the hashes of all weights in a folder that has our part in ``config.json``."""
    weights = sorted(path for path in folder.iterdir() if path.suffix in (".h5", ".hdf5"))
    _set(folder, {path.name: sha256_of(path) for path in weights})


def forget_weights(folder: Path) -> None:
    """Take the hashes out of a folder whose weights are about to change."""
    if recorded_weights(folder):
        _set(folder, {})


def _set(folder: Path, hashes: Mapping[str, str]) -> None:
    config = read_json(folder / CONFIG)
    own = config.get(OURS)
    if isinstance(own, dict):
        others = {key: value for key, value in own.items() if key != KEY}
        config[OURS] = {**others, KEY: hashes} if hashes else others
        write_json(folder / CONFIG, config)
