"""Requests of ``n2v-simulate``, one for each kind of data: the only place of their defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/simulate/test_write.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SimulateRequest:
    """What ``n2v-simulate dome`` is asked to do."""

    # folder that ``NAME_noisy.tif`` and ``NAME_clean.tif`` go to; made if missing
    output: Path = Path(".")
    name: str = "dome"  # a plain name
    shape: tuple[int, int, int, int] = (4, 32, 256, 256)  # sizes T, Z, Y, X
    photons: float = 10.0  # mean of the clean signal outside strips, in photons per pixel
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class StructuredRequest:
    """What ``n2v-simulate structured`` is asked to do."""

    # output, name, shape, seed, overwrite: as in `SimulateRequest`
    output: Path = Path(".")
    name: str = "structured"
    shape: tuple[int, int, int, int] = (1, 1, 512, 512)
    kind: str = "1x3"  # kind of noise, such as ``"1x3"`` or ``"rows+white"``
    noise_to_signal: float = 1.0  # deviation of the noise over that of the clean signal
    photons: float | None = None  # mean of the clean signal; None: chosen
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class VoltageRequest:
    """What ``n2v-simulate voltage`` is asked to do."""

    # output, name, seed, overwrite: as in `SimulateRequest`
    output: Path = Path(".")
    name: str = "voltage"
    shape: tuple[int, int, int] = (2000, 128, 128)  # sizes T, Y, X
    photons: float = 3.0  # mean of the clean movie, in photons per pixel and frame
    neurons: int | None = None  # in focus; None: one for each 1200 square pixels
    frames_per_second: float = 500.0
    rate: float = 6.0  # mean spikes per second of a cell
    amplitude: float = 0.3  # mean dF/F of a spike at its highest
    waves: float = 0.06  # deviation of dF/F below threshold
    bleaching: float = 0.2  # share of the light lost from the first frame to the last
    motion: float = 0.3  # how far heartbeat and breathing move the field, in pixels
    blood: float = 0.3  # by how much what flows in vessels changes their light
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class CalciumRequest:
    """What ``n2v-simulate calcium`` is asked to do."""

    # output, name, seed, overwrite: as in `SimulateRequest`
    output: Path = Path(".")
    name: str = "calcium"
    shape: tuple[int, int, int] = (300, 256, 256)  # sizes T, Y, X
    photons: float = 2.0  # mean of the clean movie, in photons per pixel
    neurons: int | None = None  # in focus; None: one for each 1200 square pixels
    rate: float = 1.0  # mean spikes per second of a neuron
    rise: float = 0.07  # time constant of the indicator in seconds
    decay: float = 0.6  # time constant of the indicator in seconds
    amplitude: float = 0.3  # mean dF/F after one spike
    bleaching: float = 0.1  # share of the light lost from the first frame to the last
    drift: float = 0.0  # farthest that the field wanders along Y or X, in pixels
    row_noise: float = 0.0  # deviation of a random offset of each row of each frame, in photons
    x_correlation: float = 0.0  # correlation of the noise of neighbours along X
    seed: int = 0
    overwrite: bool = False


REQUESTS: dict[str, type[Any]] = {  # by the name of what is simulated
    "dome": SimulateRequest,
    "calcium": CalciumRequest,
    "voltage": VoltageRequest,
    "structured": StructuredRequest,
}
