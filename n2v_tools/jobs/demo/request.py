"""The request of ``n2v-demo``: the only place of its defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/demo/test_run.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoRequest:
    """What ``n2v-demo`` is asked to do.

    Parameters
    ----------
    output : Path
        Folder that everything goes to; made if missing.
    shape : tuple of int, length 4
        Sizes T, Z, Y, X of the generated dome.
    photons : float
        As in `SimulateRequest`: noisy, with a PSNR of about 20 dB.
    minutes : float
        Length of the training.
    seed : int
    overwrite : bool
        Replace what an earlier demo left in the folder.
    """

    output: Path = Path("demo_output")
    shape: tuple[int, int, int, int] = (2, 16, 256, 256)
    photons: float = 10.0
    minutes: float = 2.0
    seed: int = 0
    overwrite: bool = False
