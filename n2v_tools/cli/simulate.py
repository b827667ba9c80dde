"""``n2v-simulate``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..jobs.requests import SimulateRequest
from . import options, output
from .exits import Command
from .options import Filled, Named


class Shape(click.ParamType):
    """Sizes T,Z,Y,X."""

    name = "sizes"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return four whole numbers of 1 or more."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\s*\d+(\s*,\s*\d+){3}\s*", value):
            self.fail(f"{value!r} is no shape; write T,Z,Y,X, such as 4,32,256,256.", param, ctx)
        sizes = tuple(int(size) for size in value.split(","))
        if min(sizes) < 1:
            self.fail(f"{value!r} has a size of 0; write 4,32,256,256, say.", param, ctx)
        return sizes


@click.command(
    "simulate",
    cls=Command,
    short_help="Generate a noisy stack together with its clean truth.",
    epilog="\b\nExample:\n  n2v-simulate dome --output data --name dome --shape 4,32,256,256",
)
@click.argument(
    "data", type=Named("kind of data", ["dome"], ["calcium", "structured"]), metavar="dome"
)
@options.variables
@click.option(
    "--output",
    type=Filled(),
    metavar="DIR",
    help="Folder that the two files go to, made if missing.  [default: OUTPUT_FOLDER, else here]",
)
@click.option("--name", default=SimulateRequest.name, show_default=True, help="Start of the names.")
@click.option(
    "--shape",
    type=Shape(),
    metavar="T,Z,Y,X",
    default=",".join(map(str, SimulateRequest.shape)),
    show_default=True,
    help="Sizes.",
)
@click.option(
    "--photons",
    type=click.FloatRange(min=0, min_open=True),
    default=SimulateRequest.photons,
    show_default=True,
    help="Mean of the clean signal outside strips, in photons per pixel.",
)
@options.seed
@options.overwrite
@options.not_yet("--noise-to-signal", takes_value=True)
@options.not_yet("--kind", takes_value=True)
@options.common
def command(as_json: bool, data: str, **values: Any) -> None:
    """Write NAME_noisy.tif (uint16) and NAME_clean.tif (float32, same counts).

    Both hold the same strips and calibration.
    """
    _, configuration, progress = options.configure(values)
    name = values["name"]
    if not name or name in (".", "..") or set("/\\\0") & set(name):
        raise click.UsageError(f"--name {name!r} must be a plain name, no path.")
    from ..jobs.simulate import simulate_files

    folder = values.pop("output") or configuration.folder("OUTPUT_FOLDER") or "."
    request = SimulateRequest(output=Path(folder), **values)
    noisy, clean = simulate_files(request, progress)
    if as_json:
        output.emit_json({"noisy": noisy, "clean": clean})
    else:
        output.emit(str(noisy))
        output.emit(str(clean))
