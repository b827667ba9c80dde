"""Requests of ``n2v-simulate``, one for each kind of data: the only place of their defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/simulate/test_write.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SimulateRequest:
    """What ``n2v-simulate dome`` is asked to do.

    Parameters
    ----------
    output : Path
        Folder that ``NAME_noisy.tif`` and ``NAME_clean.tif`` go to; made if missing.
    name : str
        A plain name.
    shape : tuple of int, length 4
        Sizes T, Z, Y, X.
    photons : float
        Mean of the clean signal outside strips, in photons per pixel.
    seed : int
    overwrite : bool
    """

    output: Path = Path(".")
    name: str = "dome"
    shape: tuple[int, int, int, int] = (4, 32, 256, 256)
    photons: float = 10.0
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class StructuredRequest:
    """What ``n2v-simulate structured`` is asked to do.

    Parameters
    ----------
    output : Path
        As in `SimulateRequest`, like `name`, `shape`, `seed` and `overwrite`.
    kind : str
        Kind of noise, such as ``"1x3"`` or ``"rows+white"``.
    noise_to_signal : float
        Deviation of the noise over that of the clean signal.
    photons : float or None
        Mean of the clean signal; None: chosen.
    """

    output: Path = Path(".")
    name: str = "structured"
    shape: tuple[int, int, int, int] = (1, 1, 512, 512)
    kind: str = "1x3"
    noise_to_signal: float = 1.0
    photons: float | None = None
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class CalciumRequest:
    """What ``n2v-simulate calcium`` is asked to do.

    Parameters
    ----------
    output : Path
        As in `SimulateRequest`, like `name`, `seed` and `overwrite`.
    shape : tuple of int, length 3
        Sizes T, Y, X.
    photons : float
        Mean of the clean movie, in photons per pixel.
    neurons : int or None
        In focus; None: one for each 1200 square pixels.
    rate : float
        Mean spikes per second of a neuron.
    rise, decay : float
        Time constants of the indicator in seconds.
    amplitude : float
        Mean dF/F after one spike.
    bleaching : float
        Share of the light lost from the first frame to the last.
    drift : float
        Farthest that the field wanders along Y or X, in pixels.
    row_noise : float
        Deviation of a random offset of each row of each frame, in photons.
    x_correlation : float
        Correlation of the noise of neighbours along X.
    """

    output: Path = Path(".")
    name: str = "calcium"
    shape: tuple[int, int, int] = (300, 256, 256)
    photons: float = 2.0
    neurons: int | None = None
    rate: float = 1.0
    rise: float = 0.07
    decay: float = 0.6
    amplitude: float = 0.3
    bleaching: float = 0.1
    drift: float = 0.0
    row_noise: float = 0.0
    x_correlation: float = 0.0
    seed: int = 0
    overwrite: bool = False
