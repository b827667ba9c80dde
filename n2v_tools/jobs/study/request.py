"""The request of ``n2v-experiment``: the only place of its defaults.

Tests: ``tests/jobs/study/test_run.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExperimentRequest:
    """What ``n2v-experiment`` is asked to do."""

    file: Path  # the study
    names: tuple[str, ...] = ()  # experiments; none means all
    output: Path = Path("results")  # folder in which the study has a folder of its name
    models_dir: Path | None = None  # where models go; None: into the study's folder
    seed: int = 0  # of experiments that do not set their own
    overwrite: bool = False  # run what is named anew
