"""``n2v-simulate``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..jobs.requests import SimulateRequest, StructuredRequest
from . import options, output
from .exits import Command
from .options import Filled, Named

REQUESTS = {"dome": SimulateRequest, "structured": StructuredRequest}
STRUCTURED_ONLY = ("kind", "noise_to_signal")


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
    epilog="\b\nExamples:\n"
    "  n2v-simulate structured --kind 1x3 --noise-to-signal 0.5 --output data\n"
    "  n2v-simulate dome --output data --name dome --shape 4,32,256,256",
)
@click.argument(
    "data",
    type=Named("kind of data", list(REQUESTS), ["calcium"]),
    metavar="[dome|structured]",
)
@options.variables
@click.option(
    "--output",
    type=Filled(),
    metavar="DIR",
    help="Folder that the two files go to, made if missing.  [default: OUTPUT_FOLDER, else here]",
)
@click.option("--name", help="Start of the names.  [default: dome or structured]")
@click.option(
    "--shape",
    type=Shape(),
    metavar="T,Z,Y,X",
    help="Sizes.  [default: "
    + "; ".join(f"{name}: {','.join(map(str, kind.shape))}" for name, kind in REQUESTS.items())
    + "]",
)
@click.option(
    "--photons",
    type=click.FloatRange(min=0, min_open=True),
    help="Mean of the clean signal outside strips, in photons per pixel.  "
    f"[default: dome: {SimulateRequest.photons:g}; structured: chosen]",
)
@click.option(
    "--kind",
    metavar="KIND",
    help="Noise of structured data: white, a box such as 1x3 or 5x1 (Y x X pixels), isotropic, "
    "cross, rows, columns, poisson, or several joined by + with equal variance.  "
    f"[default: {StructuredRequest.kind}]",
)
@click.option(
    "--noise-to-signal",
    type=float,
    metavar="R",
    help="Deviation of the noise of structured data over that of the clean signal.  "
    f"[default: {StructuredRequest.noise_to_signal:g}]",
)
@options.seed
@options.overwrite
@options.common
def command(as_json: bool, data: str, **values: Any) -> None:
    """Write NAME_noisy.tif (uint16) and NAME_clean.tif (float32, same counts).

    dome: an epithelial dome under shot noise, with black strips. structured: a sheet of
    cells under noise of a chosen kind and strength.
    """
    _, configuration, progress = options.configure(values)
    given = _check(data, values)
    from ..jobs.simulate import simulate_files, simulate_structured_files

    folder = Path(given.pop("output", None) or configuration.folder("OUTPUT_FOLDER") or ".")
    if data == "dome":
        noisy, clean = simulate_files(SimulateRequest(output=folder, **given), progress)
    else:
        wanted = StructuredRequest(output=folder, **given)
        noisy, clean = simulate_structured_files(wanted, progress)
    if as_json:
        output.emit_json({"noisy": noisy, "clean": clean})
    else:
        output.emit(str(noisy))
        output.emit(str(clean))


def _check(data: str, values: dict[str, Any]) -> dict[str, Any]:
    """Refuse what contradicts itself; return the options that were given."""
    given = {name: value for name, value in values.items() if value is not None}
    for name in STRUCTURED_ONLY if data != "structured" else ():
        if name in given:
            raise click.UsageError(f"--{name.replace('_', '-')} is for n2v-simulate structured.")
    name = given.get("name", data)
    if not name or name in (".", "..") or set("/\\\0") & set(name):
        raise click.UsageError(f"--name {name!r} must be a plain name, no path.")
    return given
