"""Plan of ``n2v-denoise``: its inputs, and where their outputs go; nothing is written here."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...contracts import UNCERTAINTY, Output
from ...errors import N2VToolsError, SettingsError, StackError
from ...io.convert import decide_dtype
from ...io.layout import layout_like
from ...io.writer import output_bytes
from ...stack import Stack
from ...words import flag, option
from ..desk.inputs import Opened, open_inputs
from ..desk.output_names import (
    Naming,
    beside,
    report_for,
    require_absent,
    require_distinct,
    require_folder,
    require_inputs_kept,
    require_room,
    stem_of,
)
from ..desk.progress import Progress
from .request import DenoiseRequest
from .result import Denoised, failed
from .session import Session

TYPES_KNOWN_TO_FIT = ("uint8", "uint16", "int16")  # --dtype auto need not look at the values


@dataclass(frozen=True)
class Job:
    """One input that can be worked on, and where its outputs go."""

    name: str
    stack: Stack
    target: Path
    done: bool = False  # its outputs exist and are to be left
    others: Mapping[Output, Path] = field(default_factory=dict)  # beside the restored image

    @property
    def targets(self) -> tuple[Path, ...]:
        """All files that it becomes."""
        return (self.target, *self.others.values())


def plan_jobs(
    request: DenoiseRequest, session: Session, progress: Progress
) -> list[Job | Denoised]:
    """Open all inputs and settle all outputs; nothing is written and no pixel is read.

    `session` says what fits it, and what will be written. N2VToolsError as `files.denoise_files`.
    """
    naming = Naming(request.output, request.suffix, request.format, request.frame, request.file)
    if request.output is not None:
        require_folder(request.output)
    left_out: dict[Path, None] = {}

    def leave_out(path: Path) -> bool:
        if naming.carries_suffix(path):
            left_out[path] = None
        return path in left_out

    named = open_inputs(
        request.inputs,
        request.axes,
        frame=request.frame,
        scene=request.scene,
        skip=leave_out,
        note=progress.note,
    )
    inputs = _without_earlier_outputs(list(named), naming, progress)
    if not inputs:
        names = ", ".join(map(str, request.inputs))
        raise StackError(
            f"{names}: no input left after leaving out files whose names end in "
            f"{request.suffix!r}. Name other files, or another {option('suffix')}."
        )
    _say_left_out(left_out, inputs, naming, progress)
    plan = [_plan_one(one, naming, request, session) for one in inputs]
    jobs = [item for item in plan if isinstance(item, Job)]
    targets = [(job.name, target) for job in jobs for target in job.targets]
    if request.report:
        targets += [(job.name, report_for(job.target)) for job in jobs]
    require_distinct(targets)
    files_in = [file for one in inputs for file in (one.source, *one.files)]
    require_inputs_kept((target for _, target in targets), files_in)
    if not (request.overwrite or request.skip_existing):
        require_absent((target for _, target in targets), _remedy())
    todo = [job for job in jobs if not job.done]
    _warn_of_stale_outputs(todo, progress)
    require_room(need for job in todo for need in _needs(job, request))
    return plan


def _say_left_out(
    left_out: Iterable[Path], inputs: Sequence[Opened], naming: Naming, progress: Progress
) -> None:
    """Say which files of a folder are named like outputs; a warning where they are of no input."""
    made = {stem_of(path) for one in inputs for path in naming.every_output_for(one.source)}
    known = [path for path in left_out if stem_of(path) in made]
    others = [path for path in left_out if path not in known]
    remedy = f"name them one by one, or another {option('suffix')}, to denoise them"
    if known:
        progress.note(
            f"left out {len(known)} named like outputs of {naming.suffix!r}, such as {known[0]}; "
            f"{remedy}"
        )
    if others:
        progress.warn(
            f"left out {len(others)} whose names end in {naming.suffix!r} as outputs do, such as "
            f"{others[0]}, though no input of that name is here: {remedy}"
        )


def _remedy() -> str:
    return (
        f"Pass {flag('skip_existing')} to go on with the others, {flag('overwrite')} to replace, "
        f"or another {option('output')} or {option('suffix')}."
    )


def _without_earlier_outputs(
    inputs: list[Opened], naming: Naming, progress: Progress
) -> list[Opened]:
    """Drop what an earlier run made of another input, as ``*.tif`` names it in a shell."""
    outputs = {}
    for one in (one for one in inputs if one.stack is not None):
        for path in naming.every_output_for(one.source):
            outputs[os.path.realpath(path)] = one.name
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
    one: Opened, naming: Naming, request: DenoiseRequest, session: Session
) -> Job | Denoised:
    if one.stack is None:
        return Denoised(one.name, error=one.error)
    try:
        session.require_fit(one.stack)
        if request.dtype == "same":
            decide_dtype(one.stack.dtype, 0, 0, True, "same")
    except SettingsError:
        raise  # of a filter: the command is wrong, not the file
    except N2VToolsError as error:
        return failed(one.name, error)
    target = naming.output_for(one.source)
    others = {output: naming.further_for(one.source, output) for output in session.outputs[1:]}
    job = Job(one.name, one.stack, target, others=others)
    there = [path for path in job.targets if os.path.lexists(path)]
    if not request.skip_existing or not there:
        return job
    if len(there) < len(job.targets):
        missing = next(path for path in job.targets if path not in there)
        names = " and ".join(output.name for output in others)
        return Denoised(
            one.name,
            error=f"{there[0]} exists already, but {missing.name} does not, and both are made "
            f"together. Pass {flag('overwrite')} to make both anew, or leave out what asks for "
            f"the {names}.",
        )
    return dataclasses.replace(job, done=True)


def _warn_of_stale_outputs(jobs: Sequence[Job], progress: Progress) -> None:
    for job in jobs:
        other = beside(job.target, UNCERTAINTY.suffix)
        if UNCERTAINTY not in job.others and os.path.lexists(other):
            progress.warn(
                f"{other} belongs to an earlier {job.target.name}: delete it, or pass "
                f"{flag('uncertainty')} to make it anew"
            )


def _needs(job: Job, request: DenoiseRequest) -> Iterator[tuple[Path, int]]:
    """Each output and its bytes, at most."""
    yield job.target, _largest_bytes(job.stack, request)
    layout = layout_like(job.stack, np.dtype(np.float32), format=request.format)
    for path in job.others.values():
        yield path, output_bytes(layout)


def _largest_bytes(stack: Stack, request: DenoiseRequest) -> int:
    """Bytes of the output, at most: its dtype may depend on values that are not yet read."""
    if request.dtype != "auto" or stack.dtype.name in TYPES_KNOWN_TO_FIT:
        dtype, _ = decide_dtype(stack.dtype, 0, 0, True, request.dtype)
    else:
        dtype = np.dtype(np.float32)
    return output_bytes(layout_like(stack, dtype, format=request.format))
