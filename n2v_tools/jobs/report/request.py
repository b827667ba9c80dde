"""Request of ``n2v-report``: the only place of its defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/report/test_write.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ReportRequest:
    """What ``n2v-report`` is asked to do; None means not given."""

    restored: str  # the file that the page is about
    # what it was made from; None: found by the record in the restored file
    noisy: str | None = None
    clean: str | None = None  # the truth
    model: str | None = None  # folder or name; None: found by the record in the restored file
    # file that ends in .html, or a folder; None: beside the restored file
    output: Path | None = None
    axes: str | None = None  # of files whose own axes are unknown or do not fit
    affine: bool = False  # fit gain and offset to the truth before measuring against it
    overwrite: bool = False
    seed: int = 0
    command: tuple[str, ...] = ()  # the command line, for the page
