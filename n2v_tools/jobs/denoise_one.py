"""One stack restored and published under its name."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import StackError
from ..io import create_stack, decide_dtype, layout_like, to_dtype
from ..prepare.survey import survey_stack
from ..restore.run import restore_stack
from ..stack import Stack
from .denoise_plan import TYPES_KNOWN_TO_FIT, Job
from .denoise_result import Denoised
from .prepared import Prepared, Session
from .progress import Progress
from .requests import DenoiseRequest

Create = Callable[..., AbstractContextManager[Any]]  # as io.create_stack
MUCH_CLIPPED_PERCENT = 5.0


def denoise_one(
    job: Job,
    session: Session,
    label: str,
    progress: Progress,
    create: Create = create_stack,
) -> Denoised:
    """Restore one stack and publish it under its name."""
    started = time.perf_counter()
    request = session.request
    for note in job.stack.notes:
        progress.note(f"{job.name}: {note}")
    dtype, reason, nan = _choose_dtype(job, request, label, progress)
    prepared = session.prepare(job.stack)
    for note in prepared.notes:
        progress.note(f"{job.name}: {note}")
    warnings = [*job.stack.warnings, *prepared.warnings]
    for warning in warnings:
        progress.warn(f"{job.name}: {warning}")
    description = json.dumps(describe_run(job.stack, request, prepared), ensure_ascii=True)
    layout = layout_like(job.stack, dtype, description=description, format=request.format)
    n_clipped = 0
    with (
        create(job.target, layout, overwrite=request.overwrite) as writer,
        progress.task(label) as step,
    ):

        def write(place: Mapping[str, int], plane: np.ndarray) -> None:
            nonlocal n_clipped
            counts, clipped = to_dtype(plane, dtype, where=job.name)
            n_clipped += clipped
            writer.write(place, counts)

        restore_stack(
            job.stack,
            prepared.restorer,
            write,
            memory_bytes=request.memory_bytes,
            keep_strips=request.keep_strips,
            nan=nan,
            tta=request.tta,
            progress=step,
        )
    for note in writer.notes:
        progress.note(f"{job.target}: {note}")
    clipped_percent = 100 * n_clipped / math.prod(job.stack.array.shape)
    if clipped_percent > MUCH_CLIPPED_PERCENT:
        warnings.append(
            f"{clipped_percent:.0f} % of the pixels lay outside the range of {dtype} and were "
            "clipped: the model may not suit the file. Pass --dtype float32 to see them."
        )
        progress.warn(f"{label}: {warnings[-1]}")
    return Denoised(
        job.name,
        str(job.target),
        axes=writer.axes,
        dtype=str(dtype),
        reason=reason,
        clipped_percent=clipped_percent,
        seconds=time.perf_counter() - started,
        warnings=tuple(warnings),
        note=". ".join(writer.notes),
        engine=session.engine,
        precision=session.precision,
        method=request.method,
        parameters=prepared.parameters,
    )


def describe_run(stack: Stack, request: DenoiseRequest, prepared: Prepared) -> dict[str, Any]:
    """Collect what is recorded inside an output: enough to repeat it, no date.

    Without a date the same command gives the same bytes.
    """
    return {
        "n2v_tools": __version__,
        "command": list(request.command),
        "input": Path(stack.name).name,
        "input_axes": stack.axes,
        "frame": request.frame,
        **prepared.used,
        "settings": {
            **prepared.settings,
            "keep_strips": request.keep_strips,
            "nan": request.nan,
            "seed": request.seed,
        },
    }


def _choose_dtype(
    job: Job, request: DenoiseRequest, label: str, progress: Progress
) -> tuple[np.dtype, str, str]:
    """Return the output's dtype, why, and how `restore_stack` is to treat NaN."""
    source = job.stack.dtype
    may_be_filled = request.nan == "fill" and source.kind == "f"
    if request.dtype != "auto" or source.name in TYPES_KNOWN_TO_FIT:
        dtype, reason = decide_dtype(source, 0, 0, True, request.dtype)
        if may_be_filled and dtype.kind != "f":
            raise StackError(
                f"{job.name}: --nan fill puts NaN back, which {dtype} cannot hold. Use --dtype "
                "float32 or auto."
            )
        if not may_be_filled:
            return dtype, reason, request.nan
    with progress.task(f"{label}: looking at its values") as step:
        survey = survey_stack(job.stack, keep_strips=request.keep_strips, progress=step)
    finite = not survey.n_nonfinite
    if request.nan == "refuse" and not finite:
        raise StackError(
            f"{job.name}: {survey.n_nonfinite} pixels are NaN or infinite, the first at "
            f"{survey.first_nonfinite}. Mend the file, or pass --nan fill to fill them for the "
            "net and keep them as NaN."
        )
    if not survey.n_pixels and not finite:
        raise StackError(
            f"{job.name}: every pixel is NaN, infinite or zero: there is nothing to restore. Leave "
            "the file out, or save it anew from the raw data."
        )
    dtype, reason = decide_dtype(source, survey.minimum, survey.maximum, finite, request.dtype)
    return dtype, reason, "fill"  # what is not finite was refused above, or is to be filled
