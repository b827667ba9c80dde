"""``n2v-preview``.

Tests: ``tests/cli/test_cli_preview.py``.
"""

from __future__ import annotations

import re
from typing import Any

import click

from ..jobs.preview.request import PreviewRequest
from . import exits, options, output
from .parsing import Finite, Read

NO_PREVIEW = (".avi", ".mov", ".mkv", ".webm", ".webp", ".jpg", ".jpeg", ".tif", ".tiff", ".npy")


def read_scale(text: str) -> float:
    """Read a scale, such as 0.1 or 10%."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%?)\s*", text)
    factor = float(match[1]) / (100 if match[2] else 1) if match else 0.0
    if not 0 < factor <= 8:
        raise ValueError(f"{text!r} is not a scale from 0 to 8; write 0.1 or 10%.")
    return factor


def read_pair(text: str) -> tuple[float, float]:
    """Read two numbers, the first smaller."""
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not a pair of numbers; write LOW,HIGH.") from None
    if not (low < high and abs(low) + abs(high) < float("inf")):
        raise ValueError(f"{text!r}: the first number must be smaller than the second.")
    return low, high


def read_place(text: str) -> tuple[str, int]:
    """Read an axis and a number, such as Z=5."""
    match = re.fullmatch(r"\s*([TZCtzc])\s*=\s*(\d+)\s*", text)
    if match is None:
        raise ValueError(f"{text!r} is not a place; write T=0, Z=5 or C=1, from 0.")
    return match[1].upper(), int(match[2])


@exits.command("preview", "n2v-preview dome.tif dome_denoised.tif --over Z")
@options.inputs("FILE [RESTORED]...")
@options.axes
@options.choice(
    "--over",
    "order of axes",
    ("T", "Z", "TZ", "ZT"),
    "Axis that the movie runs over; TZ shows all Z of each T.  [default: T, else Z]",
)
@click.option(
    "--at",
    type=Read(read_place),
    multiple=True,
    metavar="AXIS=N",
    help="Where another axis stands, counted from 0; C=N shows one channel.  "
    "[default: the middle; all channels, up to 4, one below the other]",
)
@options.count(
    "--skip", "Show every N-th frame.  [default: 20, less where under 20 frames would be left]"
)
@options.read(
    "--scale",
    read_scale,
    "S",
    "Size of the images, averaged by area: 0.1 or 10%.  [default: 10%, more where the "
    "longer edge would be under 100 px]",
)
@click.option(
    "--fps",
    type=Finite(min=0.1, max=120),
    metavar="F",
    default=PreviewRequest.fps,
    show_default=True,
    help="Frames per second.",
)
@click.option(
    "--percentiles",
    type=Read(read_pair),
    metavar="LOW,HIGH",
    default=",".join(f"{p:g}" for p in PreviewRequest.percentiles),
    show_default=True,
    help="Black and white, in percent of the pixels shown in all files.",
)
@options.read("--limits", read_pair, "LOW,HIGH", "Black and white in counts, instead.")
@options.text(
    "--labels",
    metavar="A,B,...",
    help="Names over the images.  [default: what differs in the names of the files]",
)
@options.choice(
    "--format",
    "format",
    ("gif", "mp4", "png"),
    "mp4 needs ffmpeg; png is for a single plane.  [default: gif; png for a single plane]",
)
@options.text(
    "--output",
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
    target = configuration.folder("OUTPUT_FOLDER", values.pop("output"))
    if target is not None and target.suffix.lower() in NO_PREVIEW:
        raise click.UsageError(f"--output {target}: write a .gif, .mp4 or .png, or name a folder.")
    labels = tuple(label.strip() for label in (values.pop("labels") or "").split(",") if label)
    from ..jobs.preview.write import make_preview

    request = PreviewRequest(
        input=configuration.find_input(inputs[0]),
        restored=tuple(configuration.find_input(spec) for spec in inputs[1:]),
        at=dict(values.pop("at")),
        labels=labels,
        output=target,
        **values,
    )
    made = make_preview(request, progress)
    output.show(made.to_json(), made.text, as_json=as_json)


def _given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE
