"""``n2v-preview``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..jobs.preview.request import PreviewRequest
from . import options, output
from .exits import Command
from .options import Filled, Named

NO_PREVIEW = (".avi", ".mov", ".mkv", ".webm", ".webp", ".jpg", ".jpeg", ".tif", ".tiff", ".npy")


class Share(click.ParamType):
    """A scale, such as 0.1 or 10%."""

    name = "scale"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return a factor."""
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%?)\s*", str(value))
        factor = float(match[1]) / (100 if match[2] else 1) if match else 0.0
        if not 0 < factor <= 8:
            self.fail(f"{value!r} is no scale from 0 to 8; write 0.1 or 10%.", param, ctx)
        return factor


class Pair(click.ParamType):
    """Two numbers, the first smaller."""

    name = "low,high"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Return both."""
        if isinstance(value, tuple):
            return value
        try:
            low, high = (float(number) for number in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no pair of numbers; write LOW,HIGH.", param, ctx)
        if not (low < high and abs(low) + abs(high) < float("inf")):
            self.fail(f"{value!r}: the first number must be smaller than the second.", param, ctx)
        return low, high


class Place(click.ParamType):
    """An axis and a number, such as Z=5."""

    name = "axis"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Return both."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"\s*([TZCtzc])\s*=\s*(\d+)\s*", value)
        if match is None:
            self.fail(f"{value!r} is no place; write T=0, Z=5 or C=1, from 0.", param, ctx)
        return match[1].upper(), int(match[2])


@click.command(
    "preview",
    cls=Command,
    short_help="Make a small movie, noisy and restored side by side.",
    epilog="\b\nExample:\n  n2v-preview dome.tif dome_denoised.tif --over Z",
)
@click.argument("inputs", nargs=-1, type=Filled(), metavar="FILE [RESTORED]...")
@options.axes
@click.option(
    "--over",
    type=Named("order of axes", ["T", "Z", "TZ", "ZT"]),
    help="Axis that the movie runs over; TZ shows all Z of each T.  [default: T, else Z]",
)
@click.option(
    "--at",
    type=Place(),
    multiple=True,
    metavar="AXIS=N",
    help="Where another axis stands, counted from 0; C=N shows one channel.  "
    "[default: the middle; all channels, up to 4, one below the other]",
)
@click.option(
    "--skip",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show every N-th frame.  [default: 20, less where under 20 frames would be left]",
)
@click.option(
    "--scale",
    type=Share(),
    metavar="S",
    help="Size of the images, averaged by area: 0.1 or 10%.  [default: 10%, more where the "
    "longer edge would be under 100 px]",
)
@click.option(
    "--fps",
    type=options.Finite(min=0.1, max=120),
    metavar="F",
    default=PreviewRequest.fps,
    show_default=True,
    help="Frames per second.",
)
@click.option(
    "--percentiles",
    type=Pair(),
    metavar="LOW,HIGH",
    default=",".join(f"{p:g}" for p in PreviewRequest.percentiles),
    show_default=True,
    help="Black and white, in percent of the pixels shown in all files.",
)
@click.option(
    "--limits", type=Pair(), metavar="LOW,HIGH", help="Black and white in counts, instead."
)
@click.option(
    "--labels",
    type=Filled(),
    metavar="A,B,...",
    help="Names over the images.  [default: what differs in the names of the files]",
)
@click.option(
    "--format",
    type=Named("format", ["gif", "mp4", "png"]),
    help="mp4 needs ffmpeg; png is for a single plane.  [default: gif; png for a single plane]",
)
@click.option(
    "--output",
    type=Filled(),
    metavar="PATH",
    help="FILE.gif, FILE.mp4, FILE.png, or a folder.  [default: FILE's name, in OUTPUT_FOLDER, "
    "else beside it]",
)
@options.keep_strips
@options.overwrite
@options.common
def command(as_json: bool, **values: Any) -> None:
    """Make a small movie of FILE, and of what was RESTORED from it side by side.

    All images of a channel share their grey limits. Reads only the planes that it shows,
    one at a time.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if not inputs:
        raise click.UsageError("name a FILE.")
    if values["limits"] is not None and _given("percentiles"):
        raise click.UsageError("--limits and --percentiles contradict each other; give one.")
    low, high = values["percentiles"]
    if not 0 <= low < high <= 100:
        raise click.UsageError(f"--percentiles {low:g},{high:g}: they lie from 0 to 100.")
    at = dict(values.pop("at"))
    target = values.pop("output") or configuration.folder("OUTPUT_FOLDER")
    if target is not None and Path(target).suffix.lower() in NO_PREVIEW:
        raise click.UsageError(f"--output {target}: write a .gif, .mp4 or .png, or name a folder.")
    labels = tuple(label.strip() for label in (values.pop("labels") or "").split(",") if label)
    from ..jobs.preview.write import make_preview

    request = PreviewRequest(
        input=configuration.find_input(inputs[0]),
        restored=tuple(configuration.find_input(spec) for spec in inputs[1:]),
        at=at,
        labels=labels,
        output=None if target is None else Path(target),
        **values,
    )
    made = make_preview(request, progress)
    if as_json:
        output.emit_json(made.to_json())
    else:
        output.emit(made.text)


def _given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE
