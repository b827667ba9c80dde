"""``n2v-report``.

Tests: ``tests/cli/test_cli_report.py``.
"""

from __future__ import annotations

from typing import Any

import click

from ..jobs.report.request import ReportRequest
from . import exits, options, output


@exits.command(
    "report",
    "n2v-report dome_denoised.tif --noisy dome.tif --clean truth.tif",
    "n2v-report dome_denoised.tif",
)
@options.inputs("RESTORED")
@options.text(
    "--noisy",
    metavar="FILE",
    help="What it was made from.  [default: found by the name that n2v-denoise left in RESTORED]",
)
@options.text("--clean", metavar="FILE", help="The truth, if there is one.")
@options.text(
    "--model",
    metavar="NAME|FOLDER",
    help="The model that made it.  [default: found by the name left in RESTORED]",
)
@options.models
@options.axes
@options.flag(
    "--affine", "With --clean: fit gain and offset to the truth first, for files scaled separately."
)
@options.text(
    "--output",
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

    options.find_inputs(values, configuration, "noisy", "clean")
    models_dir = configuration.models(values.pop("models"))
    request = ReportRequest(
        restored=configuration.find_input(inputs[0]),
        output=configuration.folder("OUTPUT_FOLDER", values.pop("output")),
        command=options.command_line(),
        **values,
    )
    made = make_report(request, models_dir, progress, configuration.find_input)
    output.show(made.to_json(), made.text, as_json=as_json)
