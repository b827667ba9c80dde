"""The request of ``n2v-experiment``: the only place of its defaults.

Tests: ``tests/jobs/study/test_run.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExperimentRequest:
    """What ``n2v-experiment`` is asked to do.

    Parameters
    ----------
    file : Path
        The study.
    names : tuple of str
        Experiments; none means all.
    output : Path
        Folder in which the study has a folder of its name.
    models_dir : Path or None
        Where models go; None: into the study's folder.
    seed : int
        Of experiments that do not set their own.
    overwrite : bool
        Run what is named anew.
    """

    file: Path
    names: tuple[str, ...] = ()
    output: Path = Path("results")
    models_dir: Path | None = None
    seed: int = 0
    overwrite: bool = False
