"""Files of a dataset: noisy ones with their truth, by split, and where they are kept.

Tested in `tests/jobs/study/test_pairing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...experiment.hashes import Hashes
from ..desk.progress import Progress

Find = Callable[[str], str]


@dataclass(frozen=True)
class Item:
    """One noisy file, and its truth where there is one."""

    noisy: str
    truth: str | None = None


@dataclass(frozen=True)
class Data:
    """The files of a dataset, by split."""

    splits: Mapping[str, tuple[Item, ...]]
    background: Path | None = None  # what was added to the noisy files
    # what the preparation found, JSON values, for the record
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataPlace:
    """Where a dataset's own files go, and how others are found."""

    folder: Path  # for generated and prepared files
    find: Find  # gives a name of the study file its place
    hashes: Hashes
    progress: Progress
    overwrite: bool = False  # make generated and prepared files anew where their making changed
