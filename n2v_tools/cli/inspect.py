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
@options.text(
    "--noise-model",
    metavar="NAME|FOLDER",
    help="Instead of a FILE: what a model takes for noise, where its training kept that.",
)
@options.models
@options.overwrite
@options.common
def command(as_json: bool, plot: str | None, **values: Any) -> None:
    """Say what is in each FILE (or folder, or glob), what its noise is, and which command to use.

    Reads every plane once; memory does not grow with the file.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    model, models = values.pop("noise_model"), values.pop("models")
    if model is None and not inputs:
        raise click.UsageError("name at least one FILE.")
    if plot is not None and not plot.lower().endswith(".png"):
        raise click.UsageError(f"--plot {plot}: the figure is a PNG. Name it FILE.png.")
    if model is not None:
        if inputs or values["dark"] or values["axes"]:
            raise click.UsageError(
                "--noise-model looks at a model, not at a FILE: leave the other out."
            )
        from ..jobs.inspect.kept_noise import NoiseRequest, inspect_noise_model

        target = Path(plot) if plot else None
        wanted = NoiseRequest(model, configuration.models(models), target, values["overwrite"])
        one = inspect_noise_model(wanted)
        output.show(one.to_json(), one.text, as_json=as_json)
        return
    from ..jobs.inspect.files import InspectRequest, inspect_files

    options.find_inputs(values, configuration, "dark")
    request = InspectRequest(
        specs=tuple(configuration.find_input(spec) for spec in inputs),
        plot=Path(plot) if plot else None,
        **values,
    )
    found = inspect_files(request, progress)
    output.show_each(found, lambda one: [one.text], as_json=as_json)
