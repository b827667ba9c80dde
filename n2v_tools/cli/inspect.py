"""``n2v-inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options, output
from .exits import Command


@click.command(
    "inspect",
    cls=Command,
    short_help="Say what is in a file, what its noise is, and which command to use.",
    epilog="\b\nExample:\n  n2v-inspect dome.tif --axes TZYX --plot dome_noise.png",
)
@click.argument("inputs", nargs=-1, type=options.Filled(), metavar="FILE...")
@options.axes
@click.option(
    "--noise",
    "dark",
    type=options.Filled(),
    metavar="FILE",
    help="Frames of the same camera without light: they tell its offset and read noise.",
)
@click.option(
    "--plot",
    type=options.Filled(),
    metavar="FILE.png",
    help="Draw the noise of one stack: correlation, grey levels, variance over brightness.",
)
@options.overwrite
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    as_json: bool,
    axes: str | None,
    dark: str | None,
    plot: str | None,
    overwrite: bool,
    **values: Any,
) -> None:
    """Say what is in each FILE (or folder, or glob), what its noise is, and which command to use.

    Reads every plane once; memory does not grow with the file.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if not inputs:
        raise click.UsageError("name at least one FILE.")
    if plot is not None and not plot.lower().endswith(".png"):
        raise click.UsageError(f"--plot {plot}: the figure is a PNG. Name it FILE.png.")
    from ..jobs.inspect.files import InspectRequest, inspect_files

    request = InspectRequest(
        tuple(configuration.find_input(spec) for spec in inputs),
        axes,
        configuration.find_input(dark) if dark else None,
        Path(plot) if plot else None,
        overwrite,
    )
    results = []
    for found in inspect_files(request, progress):
        results.append(found.to_json())
        if found.error:
            output.complain(f"Error: {found.error}")
        elif not as_json:
            output.emit(found.text)
    if as_json:
        output.emit_json(results)
    output.count_failures(results)
    if any("error" in result for result in results):
        ctx.exit(1)
