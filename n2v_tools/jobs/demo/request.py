"""The request of ``n2v-demo``: the only place of its defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/demo/test_run.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoRequest:
    """What ``n2v-demo`` is asked to do."""

    output: Path = Path("demo_output")  # folder that everything goes to; made if missing
    # sizes T, Z, Y, X of the generated dome
    shape: tuple[int, int, int, int] = (2, 16, 256, 256)
    photons: float = 10.0  # as in `SimulateRequest`: noisy, with a PSNR of about 20 dB
    minutes: float = 2.0  # length of the training
    seed: int = 0
    overwrite: bool = False  # replace what an earlier demo left in the folder
