"""Denoising as a user means it: many files, one model or filter, and where outputs go.

Everything that can be refused is refused before an engine loads: the model, the
names, what exists, the room on disk. After that a file that fails does not stop the
others.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .. import __version__
from ..errors import N2VToolsError, SettingsError, StackError
from ..io import create_stack, decide_dtype, layout_like, output_bytes, to_dtype
from ..methods.base import Restorer
from ..modelfolder import Model, find_model, read_model, weights_file
from ..prepare.survey import survey_stack
from ..restore.fit import check_fit
from ..restore.run import match_axes, restore_stack
from ..stack import Stack
from .inputs import Opened, one_line, open_inputs
from .outputs import (
    Naming,
    require_absent,
    require_distinct,
    require_folder,
    require_inputs_kept,
    require_room,
)
from .prepared import Prepared
from .progress import Progress
from .provenance import sha256_of
from .requests import DenoiseRequest

if TYPE_CHECKING:
    from .filtering import Filtering

Create = Callable[..., AbstractContextManager[Any]]  # as io.create_stack

EXISTING_REMEDY = (
    "Pass --skip-existing to go on with the others, --overwrite to replace, or another --output "
    "or --suffix."
)
MUCH_CLIPPED_PERCENT = 5.0
TYPES_KNOWN_TO_FIT = ("uint8", "uint16", "int16")  # --dtype auto need not look at the values


@dataclass(frozen=True)
class Denoised:
    """What became of one input.

    Parameters
    ----------
    input : str
    output : str or None
        None if the input failed.
    axes : str or None
        As the output file holds them.
    dtype : str or None
    reason : str
        Why this dtype.
    clipped_percent : float or None
        Share of the pixels that lay outside the range of `dtype`.
    seconds : float
    warnings : tuple of str
        About pixel size and intensity that are unlike the model's.
    note : str
    skipped : bool
        True if the output existed and was to be left.
    error : str
        Empty if it worked.
    engine, precision : str or None
        What ran the net: what was asked for, or what was chosen.
    method : str or None
        The filter that was used instead of a model.
    parameters : list of dict or None
        Its settings, one object per channel.
    """

    input: str
    output: str | None = None
    axes: str | None = None
    dtype: str | None = None
    reason: str = ""
    clipped_percent: float | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    note: str = ""
    skipped: bool = False
    error: str = ""
    engine: str | None = None
    precision: str | None = None
    method: str | None = None
    parameters: list[dict[str, Any]] | None = None

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        if self.error:
            return {"input": self.input, "error": self.error}
        values = dataclasses.asdict(self)
        del values["error"]
        return values

    @property
    def line(self) -> str:
        """One line for a person, the path first, then a tab."""
        return (
            f"{self.output}\t{self.axes} {self.dtype} ({self.reason}), "
            f"clipped {self.clipped_percent:.3g} %, {self.seconds:.1f} s"
        )


@dataclass(frozen=True)
class _Session:
    """What all files of one command share, once an engine and the weights are loaded."""

    request: DenoiseRequest
    model: Model
    restorer: Restorer
    precision: str
    weights_sha256: str
    engine: str = "tensorflow"

    def prepare(self, stack: Stack) -> Prepared:
        """Return the same Restorer for every stack."""
        model = {
            "name": self.model.name,
            "method": self.model.method,
            "weights_sha256": self.weights_sha256,
        }
        settings = {
            "engine": self.engine,
            "precision": self.precision,
            "tta": self.request.tta,
        }
        return Prepared(
            self.restorer, {"model": model}, settings, warnings=check_fit(stack, self.model)
        )


@dataclass(frozen=True)
class _Job:
    """One input that can be worked on, and where its output goes."""

    name: str
    stack: Stack
    target: Path
    done: bool  # its output exists and is to be left


def denoise_files(
    request: DenoiseRequest, models_dir: Path, progress: Progress
) -> Iterator[Denoised]:
    """Denoise every input of a request, in order; failures are values, not exceptions.

    Parameters
    ----------
    request : DenoiseRequest
    models_dir : Path
        Where a model is looked for by name.
    progress : Progress

    Raises
    ------
    N2VToolsError
        If the whole request cannot be done: no such model, outputs that exist or
        collide, too little room.
    """
    session: _Session | Filtering | None = None
    if request.method is not None:
        from .filtering import Filtering  # late: SciPy takes 0.2 s of the start

        session = filtering = Filtering.of(request)
        plan = plan_jobs(request, filtering.require_fit, progress)
    else:
        model = _find(request, models_dir, progress)
        # A Model has the axes, channels and name that are asked for, before any net is loaded.
        plan = plan_jobs(request, lambda stack: match_axes(stack, cast(Restorer, model)), progress)
    n_files = sum(isinstance(item, _Job) and not item.done for item in plan)
    n_begun = 0
    for item in plan:
        if isinstance(item, Denoised):
            yield item
            continue
        if item.done:
            progress.note(f"{item.target} exists already: skipped")
            yield Denoised(
                item.name, str(item.target), skipped=True, note="skipped: the output exists already"
            )
            continue
        if session is None:
            session = _load(model, request, progress)
        n_begun += 1
        label = item.name if n_files == 1 else f"[{n_begun}/{n_files}] {item.name}"
        try:
            yield _denoise(item, session, label, progress)
        except (N2VToolsError, OSError) as error:
            yield _failed(item.name, error)


def denoise_stack(
    stack: Stack,
    request: DenoiseRequest,
    models_dir: Path,
    progress: Progress,
    create: Create = create_stack,
) -> Denoised:
    """Denoise one open stack into whatever `create` makes; the request's inputs do not count.

    Parameters
    ----------
    stack : Stack
    request : DenoiseRequest
    models_dir : Path
    progress : Progress
    create : callable
        Gives a writer of planes, as `io.create_stack` does.

    Raises
    ------
    N2VToolsError
        If it cannot be done.
    """
    session: _Session | Filtering
    if request.method is not None:
        from .filtering import Filtering  # late: see denoise_files

        session = Filtering.of(request)
        session.require_fit(stack)
    else:
        model = _find(request, models_dir, progress)
        match_axes(stack, cast(Restorer, model))
        session = _load(model, request, progress)
    if request.dtype == "same":
        decide_dtype(stack.dtype, 0, 0, True, "same")
    job = _Job(stack.name, stack, Path(stack.name), done=False)
    return _denoise(job, session, stack.name, progress, create)


def plan_jobs(
    request: DenoiseRequest, require_fit: Callable[[Stack], object], progress: Progress
) -> list[_Job | Denoised]:
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
    jobs = [item for item in plan if isinstance(item, _Job)]
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
) -> _Job | Denoised:
    if one.stack is None:
        return Denoised(one.name, error=one.error)
    try:
        require_fit(one.stack)
        if request.dtype == "same":
            decide_dtype(one.stack.dtype, 0, 0, True, "same")
    except SettingsError:
        raise  # of a filter: the command is wrong, not the file
    except N2VToolsError as error:
        return _failed(one.name, error)
    target = naming.output_for(one.source)
    return _Job(one.name, one.stack, target, request.skip_existing and os.path.lexists(target))


def _find(request: DenoiseRequest, models_dir: Path, progress: Progress) -> Model:
    """Read what the folder of the model says."""
    model = read_model(find_model(str(request.model), models_dir))
    for warning in model.warnings:
        progress.warn(warning)
    return model


def _load(model: Model, request: DenoiseRequest, progress: Progress) -> _Session:
    """Load an engine and the weights."""
    from ..restore.engine import choose_engine, open_restorer

    engine, reason = choose_engine(request.engine)
    restorer = open_restorer(model, request.precision, engine)
    chosen = f"--engine {restorer.engine} --precision {restorer.precision}"
    progress.note(f"runs with {chosen} (engine: {reason})")
    reach = ", ".join(
        f"{axis} {px}" for axis, px in zip(model.axes, restorer.reach_px, strict=True)
    )
    progress.detail(f"model {model.name}: a pixel of the output sees {reach} px far")
    weights_sha256 = sha256_of(weights_file(model))
    return _Session(request, model, restorer, restorer.precision, weights_sha256, restorer.engine)


def _denoise(
    job: _Job,
    session: _Session | Filtering,
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
    job: _Job, request: DenoiseRequest, label: str, progress: Progress
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


def _largest_bytes(stack: Stack, request: DenoiseRequest) -> int:
    """Bytes of the output, at most: its dtype may depend on values that are not yet read."""
    if request.dtype != "auto" or stack.dtype.name in TYPES_KNOWN_TO_FIT:
        dtype, _ = decide_dtype(stack.dtype, 0, 0, True, request.dtype)
    else:
        dtype = np.dtype(np.float32)
    return output_bytes(layout_like(stack, dtype, format=request.format))


def _failed(name: str, error: N2VToolsError | OSError) -> Denoised:
    return Denoised(name, error=one_line(name, error))
