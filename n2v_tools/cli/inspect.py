"""``n2v-inspect``.

Tests: ``tests/cli/test_cli_inspect.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import exits, options, output


@exits.command("inspect", "n2v-inspect dome.tif --axes TZYX --plot dome_noise.png")
@options.inputs("FILE...")
@options.axes
@options.text(
    "--noise",
    "dark",
    metavar="FILE",
    help="Frames of the same camera without light: they tell its offset and read noise.",
)
@options.text(
    "--plot",
    metavar="FILE.png",
    help="Draw the noise of one stack: correlation, grey levels, variance over brightness.",
)
@options.overwrite
@options.common
def command(as_json: bool, plot: str | None, **values: Any) -> None:
    """Say what is in each FILE (or folder, or glob), what its noise is, and which command to use.

    Reads every plane once; memory does not grow with the file.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if not inputs:
        raise click.UsageError("name at least one FILE.")
    if plot is not None and not plot.lower().endswith(".png"):
        raise click.UsageError(f"--plot {plot}: the figure is a PNG. Name it FILE.png.")
    from ..jobs.inspect.files import InspectRequest, inspect_files

    options.find_inputs(values, configuration, "dark")
    request = InspectRequest(
        specs=tuple(configuration.find_input(spec) for spec in inputs),
        plot=Path(plot) if plot else None,
        **values,
    )
    found = inspect_files(request, progress)
    output.show_each(found, lambda one: [one.text], as_json=as_json)
