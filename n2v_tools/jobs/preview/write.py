"""Movie of a movie: few frames, small, noisy and restored side by side in equal grey.

Planes are read one at a time and only those that are shown, so that memory does not grow
with the file.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import StackError, UsageError
from ...io.publish import publishing
from ...preview.grey import to_grey
from ...preview.movie_file import GIF_MOST_FPS, GIF_MOST_PX, MOVIES, require_ffmpeg
from ...preview.scalebar import choose_bar
from ...preview.sheet import Sheet
from ...stack import Stack
from ...words import flag, option
from ..desk.output_names import require_absent, require_folder, require_inputs_kept, stem_of
from ..desk.progress import Progress
from .movies import Movies, open_movies
from .plan import Plan, plan_preview, texts_below
from .request import PreviewRequest
from .view import Viewer, choose_limits


@dataclass(frozen=True)
class Preview:
    """What was made."""

    input: str
    output: Path
    frames: int
    size: tuple[int, int]  # (Y, X) of the whole preview in pixels
    shown: tuple[int, int]  # (Y, X) of one image
    over: str
    skip: int
    scale: float
    fps: float | None  # None for a picture
    limits: tuple[tuple[float, float], ...]  # counts shown black and white, by channel

    @property
    def text(self) -> str:
        """One line for a person."""
        grey = ", ".join(_in_words(*limits) for limits in self.limits)
        percent = f"{100 * self.scale:.{0 if self.scale > 0.03 else 1}f} %"
        size = f"images of {self.shown[1]} x {self.shown[0]} px ({percent})"
        if self.fps is None:
            return f"{self.output}: one plane, {size}, grey {grey}"
        steps = f" in steps of {self.skip}" if self.skip > 1 else ""
        frames = f"{self.frames} frames along {self.over}{steps} at {self.fps:g} fps"
        return f"{self.output}: {frames}, {size}, grey {grey}"

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        return dataclasses.asdict(self)


def _in_words(low: float, high: float) -> str:
    """Limits with decimals in which 1 % of their distance shows."""
    span = high / 2 - low / 2  # half of it cannot overflow
    if max(abs(low), abs(high)) >= 1e7 or span < 1e-4:
        return f"{low:.6g} to {high:.6g}"
    decimals = max(0, 2 - math.floor(math.log10(2 * span)))
    return f"{low:.{decimals}f} to {high:.{decimals}f}"


def make_preview(request: PreviewRequest, progress: Progress) -> Preview:
    """Make the preview that is asked for.

    Raises
    ------
    N2VToolsError
        If a stack cannot be opened or shows nothing, files do not fit each other, options
        do not fit the stack, or the output exists.
    """
    movies = open_movies(request, progress)
    plan = plan_preview(movies.first, request)
    output, kind = choose_output(request, movies.source, is_still=plan.is_still)
    require_folder(output.parent)
    require_inputs_kept([output], movies.files)
    if not request.overwrite:
        remedy = f"Pass {flag('overwrite')} to replace it, or another {option('output')}."
        require_absent([output], remedy)
    sheet = _lay_out(movies, plan)
    if kind == "gif" and max(sheet.size) > GIF_MOST_PX:
        raise StackError(
            f"{output}: would be {sheet.size[1]} x {sheet.size[0]} px, but a GIF holds "
            f"{GIF_MOST_PX} at most. Give a smaller {option('scale')}, or fewer files."
        )
    _say_what_is_left_out(movies, plan, request, progress)
    viewer = Viewer(movies, plan, request.keep_strips)
    limits = choose_limits(viewer, request, progress)
    with publishing(output, overwrite=request.overwrite) as file:
        with MOVIES[kind](file, sheet.size, request.fps) as add, progress.task(output.name) as step:
            for done, place in enumerate(plan.places, start=1):
                rows = zip(viewer.images(place), limits, strict=True)
                grey = [[to_grey(image, own) for image in row] for row, own in rows]
                add(sheet.draw(grey, texts_below(movies.first, plan, place)))
                step(done, len(plan.places))
    if viewer.n_broken:
        progress.warn(f"{viewer.n_broken} of the pixels read are NaN or infinite: shown black")
    return Preview(
        input=request.input,
        output=output,
        frames=len(plan.places),
        size=sheet.size,
        shown=plan.shown,
        over=plan.over,
        skip=plan.skip,
        scale=plan.shown[1] / movies.first.sizes["X"],
        fps=None if plan.is_still else request.fps,
        limits=tuple(limits),
    )


def choose_output(request: PreviewRequest, source: Path, *, is_still: bool) -> tuple[Path, str]:
    """Return the file to write and its kind, a key of `MOVIES`.

    Raises
    ------
    UsageError
        If name, format and frame rate contradict each other, or a picture is asked of a movie.
    OutputError
        If there is no ffmpeg for an MP4.
    """
    ending = "" if request.output is None else request.output.suffix.lower().lstrip(".")
    named = request.output is not None and not request.output.is_dir() and ending in MOVIES
    if named and request.format not in (None, ending):
        asked = option("output", request.output)
        raise UsageError(f"{asked} is not a {request.format} file. Make them agree.")
    kind = ending if named else request.format or ("png" if is_still else "gif")
    if kind == "png" and not is_still:
        raise UsageError(
            "a PNG shows one plane, but this is a movie. Write a .gif or .mp4, or choose a plane "
            f"with {option('at')}, such as {option('at', 'T=0')}."
        )
    if kind == "gif" and request.fps > GIF_MOST_FPS:
        raise UsageError(
            f"{option('fps', f'{request.fps:g}')}: viewers play a GIF at {GIF_MOST_FPS} at most. "
            f"Give less, or write an MP4: {option('format', 'mp4')}."
        )
    if kind == "mp4":
        require_ffmpeg()
    if named and request.output is not None:
        return request.output, kind
    folder = source.parent if request.output is None else request.output
    return folder / f"{stem_of(source)}.{kind}", kind


def _lay_out(movies: Movies, plan: Plan) -> Sheet:
    first = movies.first
    pixel_um = first.spacing_um("X")
    if pixel_um is not None:
        pixel_um *= first.sizes["X"] / plan.shown[1]
    last = {axis: first.sizes[axis] - 1 for axis in plan.over}
    return Sheet(
        plan.shown,
        movies.labels,
        [_channel_name(first, channel) for channel in plan.channels],
        texts_below(first, plan, {**plan.places[-1], **last}),
        choose_bar(plan.shown[1], pixel_um),
    )


def _channel_name(stack: Stack, channel: int) -> str:
    """Name of a row; empty if there is one channel."""
    if stack.sizes.get("C", 1) == 1:
        return ""
    names = stack.metadata.get("channel_names") or ()
    return str(names[channel]) if channel < len(names) and names[channel] else f"C {channel}"


def _say_what_is_left_out(
    movies: Movies, plan: Plan, request: PreviewRequest, progress: Progress
) -> None:
    first = movies.first
    for axis, number in plan.fixed.items():
        if axis not in request.at:
            hint = option("at", f"{axis}=N")
            if not plan.is_still:
                hint += f" or {option('over', axis)}"
            progress.note(
                f"{first.name}: {axis} {number} of 0 to {first.sizes[axis] - 1} is shown; {hint} "
                "for others"
            )
    n_channels = first.sizes.get("C", 1)
    if len(plan.channels) < n_channels and "C" not in request.at:
        progress.note(
            f"{first.name}: {len(plan.channels)} of {n_channels} channels are shown; "
            f"{option('at', 'C=N')} for another"
        )
