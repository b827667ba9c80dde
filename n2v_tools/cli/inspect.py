"""``n2v-inspect``."""

from __future__ import annotations

from typing import Any

import click

from . import options, output
from .exits import Command


@click.command(
    "inspect",
    cls=Command,
    short_help="Say what is in a file and which command to use.",
    epilog="\b\nExample:\n  n2v-inspect dome.tif --axes TZYX",
)
@click.argument("inputs", nargs=-1, type=options.Filled(), metavar="FILE...")
@options.axes
@options.common
@click.pass_context
def command(ctx: click.Context, as_json: bool, axes: str | None, **values: Any) -> None:
    """Say what is in each FILE (or folder, or glob) and which command to use.

    Reads every plane once; memory does not grow with the file.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if not inputs:
        raise click.UsageError("name at least one FILE.")
    from ..jobs.inspect import inspect_files

    results = []
    specs = [configuration.find_input(spec) for spec in inputs]
    for found in inspect_files(specs, axes, progress):
        results.append(found.to_json())
        if found.error:
            output.complain(f"Error: {found.error}")
        elif not as_json:
            output.emit(found.text)
    if as_json:
        output.emit_json(results)
    if any("error" in result for result in results):
        ctx.exit(1)
