"""What is in a file, what its noise is, and which command to use."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import AxesError, N2VToolsError, StackError, UsageError
from ...io.publish import require_free_name
from ...io.reader import open_stack
from ...methods.table import method_names
from ...noise.advice import Advice, advise
from ...noise.grey_levels import GreyLevels, files_to_keep
from ...noise.movie import Movie, look_at_movie
from ...noise.overview import Overview, look_at_noise
from ...noise.sample import Sample, read_sample
from ...prepare.survey import Survey, survey_stack
from ...stack import Stack
from ..desk.frames import take_channel
from ..desk.inputs import Opened, one_line, open_inputs
from ..desk.progress import Progress
from .movie import movie_values, movie_warnings
from .text import describe, noise_values
from .warnings import beyond_single, find_warnings, saturated_percent, too_small

MOST_CHANNELS = 4  # whose noise is measured
GUESSES = ("YX", "TYX", "TZYX")  # of a dark frame that does not name its axes


@dataclass(frozen=True)
class InspectRequest:
    """What ``n2v-inspect`` was asked to do.

    Parameters
    ----------
    specs : tuple of str or Stack
        Files, folders, globs, or stacks that are open already.
    axes : str or None
        ``--axes``.
    dark : str or None
        File of frames without light.
    plot : Path or None
        Where the figure goes.
    overwrite : bool
        Whether a figure of that name may be replaced.
    """

    specs: tuple[str | Stack, ...]
    axes: str | None = None
    dark: str | None = None
    plot: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Inspected:
    """What was found in one input.

    Parameters
    ----------
    input : str
    values : mapping
        The keys scripts rely on, and more; empty if it failed.
    text : str
        The same for a person.
    error : str
        Why it failed; empty otherwise.
    levels : GreyLevels or None
    """

    input: str
    values: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    error: str = ""
    levels: GreyLevels | None = None

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
            f"--plot makes one figure, but {len(opened)} stacks are named. Name one of them."
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
        return _inspect(one.name, one.stack, request, dark, progress)
    except (N2VToolsError, OSError) as error:
        return Inspected(one.name, error=one_line(one.name, error))


def _inspect(
    name: str, stack: Stack, request: InspectRequest, dark: Sample | None, progress: Progress
) -> Inspected:
    with progress.task(name) as step:
        survey = survey_stack(stack, progress=step)
    channels = _look(stack, survey, dark)
    # One mask serves all channels, so the first that needs one decides.
    chosen = next((i for i, seen in enumerate(channels) if seen.correlated), 0)
    movie = _watch(name, stack, channels, chosen, progress)
    advice = _advice(stack, survey, channels[chosen], chosen, movie) if channels else None
    histogram = channels[0].histogram if channels else None
    saturated = saturated_percent(stack, survey, histogram)
    warnings = find_warnings(
        stack,
        survey,
        saturated,
        axes_given=request.axes is not None,
        levels_judged=bool(channels),
    )
    warnings += [*(advice.warnings if advice else ()), *movie_warnings(movie)]
    levels = min((seen.levels for seen in channels), key=lambda one: one.n_common, default=None)
    values = {
        **_file_values(stack, survey, saturated),
        "grey_levels": _grey_values(levels),
        "hot_pixels": _hot_values(channels),
        "noise": noise_values(channels, chosen) if channels else None,
        "movie": movie_values(movie),
        "advice": dict(advice.reasons) if advice else None,
        "notes": list(stack.notes),
        "warnings": warnings,
        "command": command_for(name, stack, survey, advice.words if advice else ()),
        "plot": None if request.plot is None else str(request.plot),
    }
    if request.plot is not None:
        from .figure import draw_figure  # matplotlib takes a second

        if not channels:
            raise StackError(f"{name}: there is nothing to plot, since nothing can be measured.")
        draw_figure(name, channels[chosen], movie, request.plot, overwrite=request.overwrite)
    text = describe(name, stack, survey, values, channels[chosen] if channels else None, movie)
    return Inspected(name, values, text, levels=levels)


def command_for(name: str, stack: Stack, survey: Survey, words: Sequence[str] = ()) -> str | None:
    """Return the command that trains on this file; None if nothing can be learned from it.

    Parameters
    ----------
    name : str
        Path of the file; quoted for the shell in the result.
    words : sequence of str
        Options that the noise asks for.
    """
    if not _is_learnable(stack, survey):
        return None
    line = ["n2v-train", "--stack", name, "--axes", stack.axes, *words]
    if survey.n_nonfinite:
        line += ["--nan", "fill"]
    return shlex.join(line)


def _is_learnable(stack: Stack, survey: Survey) -> bool:
    return bool(survey.n_pixels and any(s > 0 for s in survey.std) and not too_small(stack))


def _look(stack: Stack, survey: Survey, dark: Sample | None) -> list[Overview]:
    """Measure the noise of each channel; of none where there is nothing to learn from."""
    if not survey.n_pixels or not any(std > 0 for std in survey.std) or beyond_single(survey):
        return []
    n_channels = min(MOST_CHANNELS, len(survey.mean))
    return [look_at_noise(take_channel(stack, c), survey.mean[c], dark) for c in range(n_channels)]


def _watch(
    name: str, stack: Stack, channels: Sequence[Overview], chosen: int, progress: Progress
) -> Movie | None:
    """Look at what happens from frame to frame in the channel that decides."""
    if not channels:
        return None
    with progress.task(f"{name}, frame by frame") as step:
        offset = channels[chosen].strength.offset
        return look_at_movie(take_channel(stack, chosen), offset, step)


def _advice(
    stack: Stack, survey: Survey, seen: Overview, channel: int, movie: Movie | None
) -> Advice:
    n_pixels, methods = survey.n_pixels, method_names()
    return advise(stack, seen, survey.std[channel], n_pixels=n_pixels, movie=movie, methods=methods)


def _file_values(stack: Stack, survey: Survey, saturated: float) -> dict[str, Any]:
    there = {axis: stack.spacing.get(axis) if axis in stack.axes else None for axis in "YXZ"}
    return {
        "axes": stack.axes,
        "shape": list(stack.array.shape),
        "dtype": str(stack.dtype),
        "levels": survey.n_levels,
        "minimum": survey.minimum,
        "maximum": survey.maximum,
        "mean": list(survey.mean),
        "std": list(survey.std),
        "saturated_percent": saturated,
        "nonfinite": survey.n_nonfinite,
        "pixel_size": {**there, "unit": stack.unit} if any(there.values()) else None,
        "frame_interval_s": stack.spacing.get("T"),
        "strips": {
            "planes_with_strips": survey.n_planes_with_strips,
            "empty_planes": survey.n_empty_planes,
            "columns": survey.strip_columns,
            "rows": survey.strip_rows,
        },
    }


def _grey_values(levels: GreyLevels | None) -> dict[str, Any] | None:
    if levels is None:
        return None
    return {
        "common": levels.n_common,
        "n99": levels.n99,
        "effective": levels.effective,
        "step": levels.step,
        "verdict": levels.verdict,
        "keep": levels.keep,
    }


def _hot_values(channels: Sequence[Overview]) -> dict[str, Any] | None:
    found = [seen.hot for seen in channels if seen.hot is not None]
    if not found:
        return None
    worst = max(found, key=lambda hot: hot.count)
    return {"count": worst.count, "percent": worst.percent, "planes": worst.n_planes}


def _read_dark(file: str, axes: str | None) -> Sample:
    """Read frames without light, of any size; planes are all that matters.

    Raises
    ------
    StackError
        If they cannot be read, or hold no noise.
    """
    stack = _open_dark(file, axes)
    if len(stack.sizes) and stack.sizes.get("C", 1) > 1:
        stack = take_channel(stack, 0)
    sample = read_sample(stack, keep_strips=True)
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
                f"{spec}: {len(stacks)} equal planes. If they are one stack, pass --axes ZYX "
                "(depth) or --axes TYX (time) with the folder to join them."
            )


def _suggest_files(seen: dict[str, GreyLevels], progress: Progress) -> None:
    """Say which of several files to train on, by their grey levels."""
    keep, leave_out = files_to_keep(seen)
    if len(seen) > 1 and leave_out:
        progress.note(
            f"grey levels are lost in {len(leave_out)} of {len(seen)} files: leave out "
            f"{', '.join(leave_out)}; keep {', '.join(keep) or 'none'}"
        )
