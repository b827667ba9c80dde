"""Request of ``n2v-denoise``: the only place of its defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/denoise/test_plan.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..desk.choices import SUFFIX

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
    method : str or None
        A filter instead of a model.
    dims : {2, 3}
        Whether the filter takes planes or volumes.
    settings : mapping of str to str
        The filter's, or those that the model's method can change, as given to ``--set``.
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
    suffix: str = SUFFIX
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
