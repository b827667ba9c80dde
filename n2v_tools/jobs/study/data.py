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
    """The files of a dataset, by split.

    Parameters
    ----------
    splits : mapping of str to tuple of Item
    background : Path or None
        What was added to the noisy files.
    facts : mapping
        What the preparation found, JSON values, for the record.
    """

    splits: Mapping[str, tuple[Item, ...]]
    background: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataPlace:
    """Where a dataset's own files go, and how others are found.

    Parameters
    ----------
    folder : Path
        For generated and prepared files.
    find : callable
        Gives a name of the study file its place.
    hashes : Hashes
    progress : Progress
    overwrite : bool
        Make generated and prepared files anew where their making changed.
    """

    folder: Path
    find: Find
    hashes: Hashes
    progress: Progress
    overwrite: bool = False
