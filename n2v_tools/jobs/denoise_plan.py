"""Which inputs ``n2v-denoise`` works on and where their outputs go; nothing is written here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import N2VToolsError, SettingsError, StackError
from ..io import decide_dtype, layout_like, output_bytes
from ..stack import Stack
from .denoise_result import Denoised, failed
from .inputs import Opened, open_inputs
from .outputs import (
    Naming,
    require_absent,
    require_distinct,
    require_folder,
    require_inputs_kept,
    require_room,
)
from .progress import Progress
from .requests import DenoiseRequest

EXISTING_REMEDY = (
    "Pass --skip-existing to go on with the others, --overwrite to replace, or another --output "
    "or --suffix."
)
TYPES_KNOWN_TO_FIT = ("uint8", "uint16", "int16")  # --dtype auto need not look at the values


@dataclass(frozen=True)
class Job:
    """One input that can be worked on, and where its output goes."""

    name: str
    stack: Stack
    target: Path
    done: bool  # its output exists and is to be left


def plan_jobs(
    request: DenoiseRequest, require_fit: Callable[[Stack], object], progress: Progress
) -> list[Job | Denoised]:
    """Open all inputs and settle all outputs; nothing is written and no pixel is read.

    Parameters
    ----------
    request : DenoiseRequest
    require_fit : callable
        Raises if a stack's axes and channels are not what the model or filter takes.
    progress : Progress

    Raises
    ------
    N2VToolsError
        As `denoise_files`.
    """
    naming = Naming(request.output, request.suffix, request.format, request.frame, request.file)
    if request.output is not None:
        require_folder(request.output)
    named = open_inputs(
        request.inputs,
        request.axes,
        frame=request.frame,
        skip=naming.carries_suffix,
        note=progress.note,
    )
    inputs = _without_earlier_outputs(list(named), naming, progress)
    if not inputs:
        names = ", ".join(map(str, request.inputs))
        raise StackError(
            f"{names}: no input left after leaving out files whose names end in "
            f"{request.suffix!r}. Name other files, or another --suffix."
        )
    plan = [_plan_one(one, naming, request, require_fit) for one in inputs]
    jobs = [item for item in plan if isinstance(item, Job)]
    require_distinct([(job.name, job.target) for job in jobs])
    files_in = [file for one in inputs for file in (one.source, *one.files)]
    require_inputs_kept((job.target for job in jobs), files_in)
    if not (request.overwrite or request.skip_existing):
        require_absent((job.target for job in jobs), EXISTING_REMEDY)
    todo = [job for job in jobs if not job.done]
    require_room((job.target, _largest_bytes(job.stack, request)) for job in todo)
    return plan


def _without_earlier_outputs(
    inputs: list[Opened], naming: Naming, progress: Progress
) -> list[Opened]:
    """Drop what an earlier run made of another input, as ``*.tif`` names it in a shell."""
    outputs = {
        os.path.realpath(naming.output_for(one.source)): one.name
        for one in inputs
        if one.stack is not None
    }
    kept = []
    for one in inputs:
        source = outputs.get(os.path.realpath(one.name))
        # The suffix tells an output from raw data that only stand where one would go.
        if source is not None and source != one.name and naming.carries_suffix(one.source):
            progress.note(f"{one.name} is the output of {source}: not an input")
        else:
            kept.append(one)
    return kept


def _plan_one(
    one: Opened, naming: Naming, request: DenoiseRequest, require_fit: Callable[[Stack], object]
) -> Job | Denoised:
    if one.stack is None:
        return Denoised(one.name, error=one.error)
    try:
        require_fit(one.stack)
        if request.dtype == "same":
            decide_dtype(one.stack.dtype, 0, 0, True, "same")
    except SettingsError:
        raise  # of a filter: the command is wrong, not the file
    except N2VToolsError as error:
        return failed(one.name, error)
    target = naming.output_for(one.source)
    return Job(one.name, one.stack, target, request.skip_existing and os.path.lexists(target))


def _largest_bytes(stack: Stack, request: DenoiseRequest) -> int:
    """Bytes of the output, at most: its dtype may depend on values that are not yet read."""
    if request.dtype != "auto" or stack.dtype.name in TYPES_KNOWN_TO_FIT:
        dtype, _ = decide_dtype(stack.dtype, 0, 0, True, request.dtype)
    else:
        dtype = np.dtype(np.float32)
    return output_bytes(layout_like(stack, dtype, format=request.format))
