"""``n2v-compare``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click

from ..jobs.compare.request import CompareRequest
from ..methods import table
from . import options, output
from .exits import Command
from .options import Filled, Named, PatchSize

FILTERS = ("median", "gaussian", "diffusion", "nlm")
LEARNING = tuple(row.name for row in table.learning_rows())


class Methods(click.ParamType):
    """Names of methods, joined by commas."""

    name = "list"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names, or refuse a wrong one with the nearest known."""
        if isinstance(value, tuple):
            return value
        one = Named("method", FILTERS + LEARNING, table.LATER)
        return tuple(one.convert(word.strip(), param, ctx) for word in value.split(","))


@click.command(
    "compare",
    cls=Command,
    short_help="Try methods side by side on one stack: a figure and a table.",
    epilog="\b\nExample:\n  n2v-compare dome.tif --methods median,nlm,n2v,structn2v --minutes 10",
)
@click.argument("inputs", nargs=-1, type=Filled(), metavar="FILE")
@click.option(
    "--methods",
    type=Methods(),
    metavar="A,B,C",
    default=",".join(CompareRequest.methods),
    show_default=True,
    help=f"What to try, in this order: the filters {', '.join(FILTERS)}; {', '.join(LEARNING)}, "
    "which learn from the file.",
)
@click.option(
    "--minutes",
    type=options.Finite(min=0.25, max=options.MOST_MINUTES),
    metavar="M",
    default=CompareRequest.minutes,
    show_default=True,
    help="Length of all trainings together, shared evenly; the rest comes on top.",
)
@options.axes
@click.option(
    "--patch",
    type=PatchSize(),
    metavar="PX",
    help="Edges of training patches in pixels; three (16,64,64) make everything 3D.  "
    "[default: the method's, 2D]",
)
@click.option(
    "--struct-mask",
    type=Filled(),
    metavar="MASK",
    help="For structn2v, as in n2v-train.  [default: found from the noise]",
)
@click.option(
    "--clean",
    type=Filled(),
    metavar="FILE",
    help="The truth, if there is one: adds PSNR, and filters at the size that suits it best.",
)
@click.option(
    "--output",
    type=Filled(),
    metavar="DIR",
    help="Folder that everything goes to, made if missing.  "
    "[default: NAME_compared in OUTPUT_FOLDER, else here]",
)
@click.option(
    "--dtype",
    type=Named("dtype", ["auto", "uint16", "same", "float32"]),
    default=CompareRequest.dtype,
    show_default=True,
    help="Type of the restored files, as in n2v-denoise.",
)
@options.keep_strips
@options.nan
@options.seed
@options.overwrite
@options.common
@click.pass_context
def command(ctx: click.Context, as_json: bool, **values: Any) -> None:
    """Try methods side by side on one stack: FILE, or planes that --axes ZYX or TYX joins.

    Trains those that learn, restores with each, and leaves the restored files, the
    models, one figure (crops, residuals, profiles, autocorrelation of the residuals) and
    one table in a folder. A method that fails does not stop the others.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if len(inputs) != 1:
        raise click.UsageError("name one FILE, or a folder or glob of planes in quotes.")
    from ..jobs.compare.run import compare_methods
    from ..jobs.desk.names import stem_of

    source = configuration.find_input(inputs[0])
    folder = values.pop("output")
    if folder is None:
        name = re.sub(r"[*?\[\]]", "", stem_of(Path(source))).strip("_.") or "planes"
        folder = Path(configuration.folder("OUTPUT_FOLDER") or ".") / f"{name}_compared"
    if values["clean"] is not None:
        values["clean"] = configuration.find_input(values["clean"])
    request = CompareRequest(
        input=source,
        output=Path(folder),
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        **values,
    )
    result = compare_methods(request, progress)
    for row in result.failed:
        output.complain(f"Error: {row.method}: {row.error}")
    if as_json:
        output.emit_json(result.to_json())
    else:
        output.emit("\n".join(result.text))
        output.emit(f"figure: {result.figure}" if result.figure else "no figure: nothing worked")
        output.emit(f"table: {result.csv}, {result.markdown}")
    if result.failed:
        ctx.exit(1)
