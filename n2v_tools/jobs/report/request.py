"""Request of ``n2v-report``: the only place of its defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/report/test_write.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ReportRequest:
    """What ``n2v-report`` is asked to do; None means not said.

    Parameters
    ----------
    restored : str
        The file that the page is about.
    noisy : str or None
        What it was made from; None: found by the record in the restored file.
    clean : str or None
        The truth.
    model : str or None
        Folder or name; None: found by the record in the restored file.
    output : Path or None
        File that ends in .html, or a folder; None: beside the restored file.
    axes : str or None
        Of files whose own axes are unknown or do not fit.
    affine : bool
        Fit gain and offset to the truth before measuring against it.
    overwrite : bool
    seed : int
    command : tuple of str
        The command line, for the page.
    """

    restored: str
    noisy: str | None = None
    clean: str | None = None
    model: str | None = None
    output: Path | None = None
    axes: str | None = None
    affine: bool = False
    overwrite: bool = False
    seed: int = 0
    command: tuple[str, ...] = ()
