"""``n2v-report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..jobs.report.request import ReportRequest
from . import options, output
from .exits import Command
from .options import Filled


@click.command(
    "report",
    cls=Command,
    short_help="Show in one page what was done, whether it helped, and what not to measure.",
    epilog="\b\nExamples:\n"
    "  n2v-report dome_denoised.tif --noisy dome.tif --clean truth.tif\n"
    "  n2v-report dome_denoised.tif",
)
@click.argument("inputs", nargs=-1, type=Filled(), metavar="RESTORED")
@click.option(
    "--noisy",
    type=Filled(),
    metavar="FILE",
    help="What it was made from.  [default: found by the name that n2v-denoise left in RESTORED]",
)
@click.option("--clean", type=Filled(), metavar="FILE", help="The truth, if there is one.")
@click.option(
    "--model",
    type=Filled(),
    metavar="NAME|FOLDER",
    help="The model that made it.  [default: found by the name left in RESTORED]",
)
@options.models
@options.axes
@click.option(
    "--affine",
    is_flag=True,
    help="With --clean: fit gain and offset to the truth first, for files scaled separately.",
)
@click.option(
    "--output",
    type=Filled(),
    metavar="PATH",
    help="FILE.html or a folder.  [default: RESTORED_report.html in OUTPUT_FOLDER, else beside it]",
)
@options.seed
@options.overwrite
@options.common
def command(as_json: bool, **values: Any) -> None:
    """Write a page about RESTORED that opens in any browser and needs no network.

    It shows before and after side by side, checks what was taken away, and says what should
    not be measured on the file; with --clean it measures against the truth as well.
    """
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if len(inputs) != 1:
        raise click.UsageError("name one RESTORED file.")
    if values["affine"] and values["clean"] is None:
        raise click.UsageError("--affine goes with --clean only.")
    from ..jobs.report.write import make_report

    find = configuration.find_input
    for role in ("noisy", "clean"):
        values[role] = None if values[role] is None else find(values[role])
    models_dir = values.pop("models") or configuration.models
    target = values.pop("output") or configuration.folder("OUTPUT_FOLDER")
    request = ReportRequest(
        restored=find(inputs[0]),
        output=None if target is None else Path(target),
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        **values,
    )
    made = make_report(request, Path(models_dir), progress, find)
    if as_json:
        output.emit_json(made.to_json())
    else:
        output.emit(made.text)
