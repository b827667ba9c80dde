"""Inspection of files: what is in each, what its noise is, and which command to use.

Tests: ``tests/cli/test_cli_inspect.py``.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import AxesError, N2VToolsError, StackError, UsageError
from ...io.address import Address
from ...io.publish import require_free_name
from ...io.reader import open_stack
from ...noise.grey_levels import GreyLevels, files_to_keep
from ...noise.sample import Sample, read_sample
from ...prepare.part import take_channel
from ...stack import Stack
from ...words import option
from ..desk.inputs import Opened, one_line, open_inputs
from ..desk.progress import Progress
from .advice import Options
from .findings import look_into
from .numbers import numbers_of
from .text import describe

OWN_DARK = (
    "the file is named as its own dark frame, too. It was not used as one: pass frames that the "
    "same camera made without light"
)
GUESSES = ("YX", "TYX", "TZYX")  # of a dark frame that does not name its axes


@dataclass(frozen=True)
class InspectRequest:
    """What ``n2v-inspect`` was asked to do."""

    # files, folders, globs, or stacks that are open already
    specs: tuple[str | Stack, ...]
    axes: str | None = None  # of files; None takes each its own
    dark: str | None = None  # file of frames without light
    plot: Path | None = None  # where the figure goes
    overwrite: bool = False  # whether a figure of that name may be replaced


@dataclass(frozen=True)
class Inspected:
    """What was found in one input."""

    input: str
    # the keys scripts rely on, and more; empty if it failed
    values: dict[str, Any] = field(default_factory=dict)
    text: str = ""  # the same for a person
    error: str = ""  # why it failed; empty otherwise
    levels: GreyLevels | None = None
    # what a training on it takes, as `advice.training_command` spells it; None if nothing can be
    # learned from it
    options: Options | None = None

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        return {"input": self.input, **({"error": self.error} if self.error else self.values)}


def inspect_files(request: InspectRequest, progress: Progress) -> Iterator[Inspected]:
    """Yield what is in each input; a failed one has an error.

    Raises
    ------
    N2VToolsError
        If the dark frame cannot be used, or the figure not be made.
    """
    if request.plot is not None:
        require_free_name(request.plot, overwrite=request.overwrite)
    dark = _read_dark(request.dark, request.axes) if request.dark else None
    opened = list(open_inputs(request.specs, request.axes, note=progress.note))
    if request.plot is not None and len(opened) > 1:
        raise UsageError(
            f"{option('plot')} makes one figure, but {len(opened)} stacks are named. Name one of "
            "them."
        )
    seen: dict[str, GreyLevels] = {}
    for one in opened:
        found = _inspected(one, request, dark, progress)
        if found.levels is not None:
            seen[one.name] = found.levels
        yield found
    _suggest_axes(opened, progress)
    _suggest_files(seen, progress)


def _inspected(
    one: Opened, request: InspectRequest, dark: Sample | None, progress: Progress
) -> Inspected:
    if one.stack is None:
        return Inspected(one.name, error=one.error)
    try:
        itself = _is_its_own_dark(one, request.dark)
        other = None if itself else dark
        found = look_into(one.name, one.stack, other, progress, axes=request.axes)
        if itself:
            found = dataclasses.replace(found, warnings=[OWN_DARK, *found.warnings])
        if request.plot is not None:
            from .figure import draw_figure  # matplotlib takes a second

            draw_figure(found, request.plot, overwrite=request.overwrite)
    except (N2VToolsError, OSError) as error:
        return Inspected(one.name, error=one_line(one.name, error))
    plot = None if request.plot is None else str(request.plot)
    values = {**numbers_of(found), "plot": plot}
    text = describe(found, plot)
    return Inspected(one.name, values, text, levels=found.levels, options=found.options)


def _is_its_own_dark(one: Opened, dark: str | None) -> bool:
    if dark is None:
        return False
    return os.path.realpath(Address.parse(dark).file) in map(os.path.realpath, one.files)


def _read_dark(file: str, axes: str | None) -> Sample:
    """Read frames without light, of any size; planes are all that matters.

    Raises
    ------
    StackError
        If they cannot be read, or hold no noise.
    """
    sample = read_sample(take_channel(_open_dark(file, axes), 0), keep_strips=True)
    if not sample.planes:
        raise StackError(
            f"{file}: cannot serve as a dark frame: its planes are smaller than 16 x 16 px, or "
            "not finite. Pass frames as the camera makes them without light."
        )
    if not any(float(plane.std()) > 0 for plane in sample.planes):
        raise StackError(
            f"{file}: every pixel is {float(sample.planes[0].flat[0]):g}, so there is no noise in "
            "this dark frame. Pass frames as the camera makes them without light."
        )
    return sample


def _open_dark(file: str, axes: str | None) -> Stack:
    """Open with its own axes, else those of the data, else any that fit."""
    problem: N2VToolsError | None = None
    for guess in (None, axes, *GUESSES):
        if guess is None and problem is not None:
            continue
        try:
            return open_stack(file, guess)
        except AxesError as error:
            problem = problem or error
    assert problem is not None  # noqa: S101  the first guess failed
    raise problem


def _suggest_axes(opened: Sequence[Opened], progress: Progress) -> None:
    """Say how to join equal planes of one folder."""
    planes: dict[str, list[Stack]] = {}
    for one in opened:
        if one.stack is not None:
            planes.setdefault(one.spec, []).append(one.stack)
    for spec, stacks in planes.items():
        equal = len({(s.axes, s.array.shape, s.dtype) for s in stacks}) == 1
        if len(stacks) > 1 and equal and stacks[0].axes == "YX":
            progress.note(
                f"{spec}: {len(stacks)} equal planes. If they are one stack, pass "
                f"{option('axes', 'ZYX')} (depth) or {option('axes', 'TYX')} (time) with "
                f"{spec} to join them."
            )


def _suggest_files(seen: dict[str, GreyLevels], progress: Progress) -> None:
    """Say which of several files to train on, by their grey levels."""
    keep, leave_out = files_to_keep(seen)
    if len(seen) > 1 and leave_out:
        progress.note(
            f"grey levels are lost in {len(leave_out)} of {len(seen)} files: leave out "
            f"{', '.join(leave_out)}; keep {', '.join(keep) or 'none'}"
        )
