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
    """What ``n2v-denoise`` is asked to do."""

    # files, folders, globs, as given, or stacks that are open already
    inputs: tuple[str | Stack, ...]
    model: str | None  # name or folder of a model; None with a `method`
    axes: str | None = None  # axes of the inputs; None takes each file's own
    frame: int | None = None  # only this time point, from 0
    scene: str = "all"  # number or name of one image of files that hold several, or all of them
    output: Path | None = None  # folder of the outputs; None: beside each input
    suffix: str = SUFFIX  # stands between the name of an input and the ending of its output
    # what to do with outputs that exist; without either they are refused
    skip_existing: bool = False
    overwrite: bool = False  # likewise
    dtype: str = "auto"  # auto, uint16, same or float32
    format: str = "tiff"  # tiff, ome-tiff or ome-zarr
    memory_bytes: int | None = None  # bound above the base process; None leaves it to `restore`
    engine: str = "auto"  # auto, tensorflow or openvino
    precision: str = "auto"  # auto, float32 or bfloat16
    tta: bool = False  # average over flips and turns
    force: bool = False  # restore what a model destroyed in a trial, too
    keep_strips: bool = False  # treat all-zero rows and columns as data
    nan: str = "refuse"  # refuse or fill
    hot: str = "keep"  # what becomes of pixels far off the data: keep or fill
    seed: int = 0
    command: tuple[str, ...] = ()  # the command line, for the record in the output
    method: str | None = None  # a filter instead of a model
    dims: int = 2  # whether the filter takes planes, 2, or volumes, 3
    # the filter's, or those that the model's method can change, as given to ``--set``
    settings: Mapping[str, str] = field(default_factory=dict)
    variance_stabilise: bool = False  # make the noise equally strong before the filter
    # name of the only output, in place of the one made from the input's and `suffix`
    file: str | None = None
    # write a second stack beside each output: the standard deviation of its error
    uncertainty: bool = False
    report: bool = False  # write a page about each output beside it
