"""One stack restored and published under its name."""

from __future__ import annotations

import functools
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...contracts import Output, Restorer
from ...errors import StackError
from ...io.convert import LEAST_DEVIATION, LEAST_FLOAT_SPAN, decide_dtype, to_dtype
from ...io.layout import layout_like
from ...io.writer import create_stack
from ...prepare.rounding import look_at_signal
from ...prepare.survey import require_float32, survey_stack
from ...restore.restoring import Write, restore_stack
from ...stack import Stack
from ...words import option
from ..desk.progress import Progress
from .plan import TYPES_KNOWN_TO_FIT, Job
from .request import DenoiseRequest
from .result import Denoised
from .session import Prepared, Session

Create = Callable[..., AbstractContextManager[Any]]  # as io.create_stack
MUCH_CLIPPED_PERCENT = 5.0


def denoise_one(
    job: Job,
    session: Session,
    label: str,
    progress: Progress,
    create: Create = create_stack,
) -> Denoised:
    """Restore one stack and publish it under its name, its uncertainty beside it if asked for."""
    started = time.perf_counter()
    request = session.request
    for note in job.stack.notes:
        progress.note(f"{job.name}: {note}")
    dtype, reason, nan = _choose_dtype(job, request, label, progress)
    prepared = session.prepare(job.stack)
    restorer = prepared.restorer
    doubts: tuple[str, ...] = ()
    if request.uncertainty:
        from ...restore.uncertainty import fit_uncertainty  # late: SciPy takes 0.2 s of the start

        how = {"keep_strips": request.keep_strips, "tta": request.tta}
        restorer = found = fit_uncertainty(job.stack, restorer, **how, seed=request.seed)
        doubts = found.warnings
        progress.note(
            f"{label}: the error is expected to be {found.typical:.3g} counts (root mean square); "
            "the stack of uncertainties says where it is more and where less"
        )
    for note in prepared.notes:
        progress.note(f"{job.name}: {note}")
    warnings = [*job.stack.warnings, *prepared.warnings, *doubts]
    for warning in warnings:
        progress.warn(f"{job.name}: {warning}")
    described = describe_run(job.stack, request, prepared)
    with _files(job, dtype, described, restorer, request, create) as (writer, *others):
        counting = _Counting(writer, dtype, job.name)
        with progress.task(label) as step:
            done = restore_stack(
                job.stack,
                restorer,
                counting.write,
                others=[
                    counting.beside(other, output)
                    for other, output in zip(others, restorer.outputs[1:], strict=True)
                ],
                tta=request.tta and not request.uncertainty,  # then it is inside
                memory_bytes=request.memory_bytes,
                keep_strips=request.keep_strips,
                nan=nan,
                hot=request.hot,
                progress=step,
            )
    for warning in done.warnings(request.hot):
        warnings.append(warning)
        progress.warn(f"{job.name}: {warning}")
    for note in writer.notes:
        progress.note(f"{job.target}: {note}")
    clipped_percent = 100 * counting.n_clipped / math.prod(job.stack.array.shape)
    if clipped_percent > MUCH_CLIPPED_PERCENT:
        warnings.append(
            f"{clipped_percent:.0f} % of the pixels lay outside the range of {dtype} and were "
            f"clipped: the model may not suit the file. Pass {option('dtype', 'float32')} to see "
            "them."
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
        others={output.name: str(path) for output, path in job.others.items()},
        about={output.name: restorer.describe(output) for output in job.others},
        facts=restorer.facts,
    )


class _Counting:
    """Writes restored planes in the type of the output, and counts what it cannot hold."""

    def __init__(self, writer: Any, dtype: np.dtype, name: str) -> None:
        self.writer, self.dtype, self.name = writer, dtype, name
        self.n_clipped = 0

    def write(self, place: Mapping[str, int], plane: np.ndarray) -> None:
        """Write one plane, float32 counts (Y, X)."""
        counts, clipped = to_dtype(plane, self.dtype, where=self.name)
        self.n_clipped += clipped
        self.writer.write(place, counts)

    def beside(self, writer: Any, output: Output) -> Write:
        """Writer of another image, as float32.

        Deviations of the restored image have what rounding adds, the variance of errors of up to
        half a count; 0 stays 0.
        """
        rounding = np.float32(0 if self.dtype.kind == "f" or not output.is_deviation else 1 / 12)

        def write(place: Mapping[str, int], plane: np.ndarray) -> None:
            if rounding:
                plane = np.where(plane > 0, np.sqrt(plane**2 + rounding), plane)
            writer.write(place, plane)

        return write


@contextmanager
def _files(
    job: Job,
    dtype: np.dtype,
    described: dict[str, Any],
    restorer: Restorer,
    request: DenoiseRequest,
    create: Create,
) -> Iterator[list[Any]]:
    """Open the output and what is written beside it: all appear at the end."""
    with ExitStack() as files:

        def open_one(path: Path, dtype: np.dtype, described: dict[str, Any]) -> Any:
            text = json.dumps(described, ensure_ascii=True)
            layout = layout_like(job.stack, dtype, description=text, format=request.format)
            return files.enter_context(create(path, layout, overwrite=request.overwrite))

        writers = [open_one(job.target, dtype, described)]
        for output, path in job.others.items():
            record = {**described, output.name: restorer.record_of(output)}
            writers.append(open_one(path, np.dtype(np.float32), record))
        yield writers


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
            # Recorded only where it may have changed something.
            **({} if request.hot == DenoiseRequest.hot else {"hot": request.hot}),
        },
    }


def _choose_dtype(
    job: Job, request: DenoiseRequest, label: str, progress: Progress
) -> tuple[np.dtype, str, str]:
    """Return the output's dtype, why, and how `restore_stack` is to treat NaN."""
    source = job.stack.dtype
    may_be_filled = request.nan == "fill" and source.kind == "f"
    if request.dtype != "auto" or source.name in TYPES_KNOWN_TO_FIT:
        dtype, reason = _decide(job, request, progress, 0, 0, True)
        if may_be_filled and dtype.kind != "f":
            raise StackError(
                f"{job.name}: {option('nan', 'fill')} puts NaN back, which {dtype} cannot hold. "
                "Use "
                f"{option('dtype', 'float32')} or auto."
            )
        if not may_be_filled:
            return dtype, reason, request.nan
    with progress.task(f"{label}: looking at its values") as step:
        survey = survey_stack(job.stack, keep_strips=request.keep_strips, progress=step)
    require_float32(max(-survey.minimum, survey.maximum), job.name)
    finite = not survey.n_nonfinite
    if request.nan == "refuse" and not finite:
        raise StackError(
            f"{job.name}: {survey.n_nonfinite} pixels are NaN or infinite, the first at "
            f"{survey.first_nonfinite}. Mend the file, or pass {option('nan', 'fill')} to fill "
            "them for the net and keep them as NaN."
        )
    if not survey.n_pixels and not finite:
        raise StackError(
            f"{job.name}: every pixel is NaN, infinite or zero: there is nothing to restore. Leave "
            "the file out, or save it anew from the raw data."
        )
    ends = survey.minimum, survey.maximum
    dtype, reason = _decide(job, request, progress, *ends, finite)
    if survey.gap_ends is not None and dtype.kind != "f":  # what is put back must fit, too
        ends = min(ends[0], survey.gap_ends[0]), max(ends[1], survey.gap_ends[1])
        dtype, reason = decide_dtype(source, *ends, finite, request.dtype)
    return dtype, reason, "fill"  # what is not finite was refused above, or is to be filled


def _decide(
    job: Job,
    request: DenoiseRequest,
    progress: Progress,
    minimum: float,
    maximum: float,
    finite: bool,
) -> tuple[np.dtype, str]:
    """Choose the output's dtype; where that would be whole numbers, see first what they cost."""
    decide = functools.partial(
        decide_dtype, job.stack.dtype, minimum, maximum, finite, request.dtype
    )
    dtype, reason = decide()
    if request.dtype != "auto" or dtype.kind == "f":
        return dtype, reason
    signal = look_at_signal(
        job.stack,
        keep_strips=request.keep_strips,
        enough_deviation=LEAST_DEVIATION,
        enough_span=LEAST_FLOAT_SPAN if job.stack.dtype.kind == "f" else 0,
    )
    dtype, reason = decide(deviation=signal.deviation, span=signal.span)
    if dtype.kind == "f":
        progress.note(f"{job.name}: written as {dtype}: {reason}")
    return dtype, reason
