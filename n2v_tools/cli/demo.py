"""``n2v-demo``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from ..jobs.demo.request import DemoRequest
from . import options, output
from .exits import Command


@click.command(
    "demo",
    cls=Command,
    short_help="Run the main job on generated data.",
    epilog="\b\nExample:\n  n2v-demo --output demo_output --minutes 2",
)
@options.variables
@click.option(
    "--output",
    type=options.Filled(),
    metavar="DIR",
    help="Folder that everything goes to, made if missing.  "
    f"[default: OUTPUT_FOLDER, else {DemoRequest.output}]",
)
@click.option(
    "--minutes",
    type=options.Finite(min=0.25, max=options.MOST_MINUTES),
    metavar="M",
    default=DemoRequest.minutes,
    show_default=True,
    help="Length of the training; the rest takes about one more.",
)
@options.seed
@options.overwrite
@options.common
def command(as_json: bool, **values: Any) -> None:
    """Simulate a dome, train on it, denoise it, and measure against the truth.

    Prints PSNR before and after beside the best simple filters, and leaves the files,
    the model and a picture of before and after in one folder.
    """
    _, configuration, progress = options.configure(values)
    from ..jobs.demo.run import run_demo

    folder = values.pop("output") or configuration.folder("OUTPUT_FOLDER") or DemoRequest.output
    result = run_demo(DemoRequest(output=Path(folder), **values), progress)
    if as_json:
        output.emit_json({**dataclasses.asdict(result), "gain": result.gain})
        return
    for line in result.table:
        output.emit(line)
    output.emit(f"picture: {result.picture}")
