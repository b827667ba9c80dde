"""What a command is asked to do, as one value: the only place of these defaults.

Light on purpose: the command line reads defaults from here while it answers --help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...stack import Stack


@dataclass(frozen=True)
class DenoiseRequest:
    """What ``n2v-denoise`` is asked to do.

    Parameters
    ----------
    inputs : tuple of str or Stack
        Files, folders, globs, as given, or stacks that are open already.
    model : str or None
        Name or folder of a model; None with a `method`.
    axes : str or None
        Axes of the inputs; None takes each file's own.
    frame : int or None
        Only this time point, from 0.
    output : Path or None
        Folder of the outputs; None: beside each input.
    suffix : str
        Stands between the name of an input and the ending of its output.
    skip_existing, overwrite : bool
        What to do with outputs that exist; without either they are refused.
    dtype : {"auto", "uint16", "same", "float32"}
    format : {"tiff", "ome-tiff", "ome-zarr"}
    memory_bytes : int or None
        Bound above the base process; None leaves it to `restore`.
    engine : {"auto", "tensorflow", "openvino"}
    precision : {"auto", "float32", "bfloat16"}
    tta : bool
        Average over flips and turns.
    keep_strips : bool
        Treat all-zero rows and columns as data.
    nan : {"refuse", "fill"}
    seed : int
    command : tuple of str
        The command line, for the record in the output.
    method : {"median", "gaussian", "diffusion", "nlm"} or None
        A filter instead of a model.
    dims : {2, 3}
        Whether the filter takes planes or volumes.
    settings : mapping of str to str
        The filter's, as given to ``--set``.
    variance_stabilise : bool
        Make the noise equally strong before the filter.
    file : str or None
        Name of the only output, in place of the one made from the input's and `suffix`.
    uncertainty : bool
        Write a second stack beside each output: the standard deviation of its error.
    report : bool
        Write a page about each output beside it.
    """

    inputs: tuple[str | Stack, ...]
    model: str | None
    axes: str | None = None
    frame: int | None = None
    output: Path | None = None
    suffix: str = "_denoised"
    skip_existing: bool = False
    overwrite: bool = False
    dtype: str = "auto"
    format: str = "tiff"
    memory_bytes: int | None = None
    engine: str = "auto"
    precision: str = "auto"
    tta: bool = False
    keep_strips: bool = False
    nan: str = "refuse"
    seed: int = 0
    command: tuple[str, ...] = ()
    method: str | None = None
    dims: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)
    variance_stabilise: bool = False
    file: str | None = None
    uncertainty: bool = False
    report: bool = False


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
