"""``n2v-compare``.

Tests: ``tests/cli/test_cli_compare.py``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ..filters.names import NAMES as FILTERS
from ..jobs.compare.request import CompareRequest
from ..methods import table
from . import exits, options, output
from .parsing import Named

LEARNING = tuple(row.name for row in table.learning_rows())
COMPARED = [name for name in CompareRequest.methods if name in LEARNING]


class Methods(Named):
    """Names of methods, joined by commas."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the names, or refuse a wrong one with the nearest known."""
        if isinstance(value, tuple):
            return value
        known = super().convert
        return tuple(known(word.strip(), param, ctx) for word in value.split(","))


@exits.command(
    "compare",
    f"n2v-compare dome.tif --methods median,nlm,{','.join(COMPARED)} --minutes 10",
)
@options.inputs("FILE")
@click.option(
    "--methods",
    type=Methods("method", FILTERS + LEARNING),
    metavar="A,B,C",
    default=",".join(CompareRequest.methods),
    show_default=True,
    help=f"What to try, in this order: the filters {', '.join(FILTERS)}; {', '.join(LEARNING)}, "
    "which learn from the file.",
)
@options.minutes(
    "Length of all trainings together, shared evenly; the rest comes on top.",
    CompareRequest.minutes,
)
@options.axes
@options.patch(
    "Edges of training patches in pixels; three (16,64,64) make everything 3D.  "
    "[default: the method's, 2D]"
)
@options.text(
    "--struct-mask",
    metavar="MASK",
    help=f"For {options.masked_methods()}, as in n2v-train.  [default: found from the noise]",
)
@options.text(
    "--clean",
    metavar="FILE",
    help="The truth, if there is one: adds PSNR, and filters at the size that suits it best.",
)
@options.text(
    "--output",
    metavar="DIR",
    help="Folder that everything goes to, made if missing.  "
    "[default: NAME_compared in OUTPUT_FOLDER, else here]",
)
@options.dtype("Type of the restored files, as in n2v-denoise.")
@options.keep_strips
@options.fill_nan
@options.seed
@options.overwrite
@options.common
def command(as_json: bool, **values: Any) -> None:
    """Try methods side by side on one stack: FILE, or planes that --axes ZYX or TYX joins.

    Trains those that learn, restores with each, and leaves the restored files, the
    models, one figure (crops, residuals, profiles, autocorrelation of the residuals) and
    one table in a folder. A method that fails does not stop the others.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if len(inputs) != 1:
        raise click.UsageError("name one FILE, or a folder or glob of planes in quotes.")
    from ..jobs.compare.run import compare_methods
    from ..jobs.desk.output_names import stem_of

    source = configuration.find_input(inputs[0])
    folder = values.pop("output")
    if folder is None:
        name = re.sub(r"[*?\[\]]", "", stem_of(Path(source))).strip("_.") or "planes"
        folder = (configuration.folder("OUTPUT_FOLDER") or Path()) / f"{name}_compared"
    options.find_inputs(values, configuration, "clean")
    request = CompareRequest(
        input=source, output=Path(folder), command=options.command_line(), **values
    )
    result = compare_methods(request, progress)
    figure = f"figure: {result.figure}" if result.figure else "no figure: nothing worked"
    text = "\n".join([*result.text, figure, f"table: {result.csv}, {result.markdown}"])
    errors = [f"{row.method}: {row.error}" for row in result.failed]
    output.show(result.to_json(), text, as_json=as_json, errors=errors)
