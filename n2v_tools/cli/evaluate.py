"""``n2v-evaluate``."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..jobs.desk.requests import DenoiseRequest
from . import options, output
from .exits import Command
from .options import Filled, Named

NOT_WITHOUT_TRUTH = {
    "data_range": "--range", "affine": "--affine", "legacy": "--legacy",
    "keep_strips": "--keep-strips", "nan": "--nan skip",
}  # fmt: skip
NOT_LEGACY = {"data_range": "--range", "affine": "--affine", "keep_strips": "--keep-strips"}


class Range(click.ParamType):
    """A data range in counts."""

    name = "counts"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return a finite number above 0."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number > 0):
            self.fail(
                f"{value!r} is no data range; write a number above 0, such as 255.", param, ctx
            )
        return number


@click.command(
    "evaluate",
    cls=Command,
    short_help="Measure restored files, with or without their truth.",
    epilog="\b\nExamples:\n"
    "  n2v-evaluate --restored out/ --clean truth/ --noisy raw/ --output table.csv\n"
    "  n2v-evaluate --restored a_denoised.tif --clean a_clean.tif --noisy a_noisy.tif\n"
    "  n2v-evaluate --restored a_denoised.tif --noisy a_noisy.tif",
)
@options.variables
@click.option(
    "--restored", type=Filled(), metavar="PATH", help="Restored file, folder or glob in quotes."
)
@click.option("--clean", type=Filled(), metavar="PATH", help="The truth: file, folder or glob.")
@click.option(
    "--noisy",
    type=Filled(),
    metavar="PATH",
    help="What was restored: file, folder or glob. Adds the gain, with an interval.",
)
@click.option(
    "--pairs",
    type=Filled(),
    metavar="FILE.csv",
    help="Which files belong together: columns restored, clean and, if wanted, noisy.  "
    "[default: files of equal stem, without the suffix, _noisy and _clean]",
)
@click.option(
    "--suffix",
    default=DenoiseRequest.suffix,
    show_default=True,
    help="What ends the stems of restored files.",
)
@options.axes
@click.option(
    "--range",
    "data_range",
    type=Range(),
    metavar="R",
    help="Data range of PSNR and SSIM in counts.  [default: clean maximum minus minimum per file]",
)
@click.option(
    "--affine",
    is_flag=True,
    help="Fit gain and offset to the truth first, per file and channel: for files scaled "
    "separately.",
)
@click.option(
    "--legacy",
    is_flag=True,
    help="Repeat the numbers of the calcium study: counts as uint16, data range 65535.",
)
@options.keep_strips
@click.option(
    "--nan",
    type=Named("way to treat NaN", ["refuse", "skip"]),
    default="refuse",
    show_default=True,
    help="skip: leave out pixels that are not finite.",
)
@click.option(
    "--output",
    type=Filled(),
    metavar="FILE",
    help="Table to write: FILE.csv (one row per plane), FILE.json or FILE.md.",
)
@options.seed
@options.overwrite
@options.common
@click.pass_context
def command(ctx: click.Context, as_json: bool, **values: Any) -> None:
    """Measure restored files against their truth: PSNR, SI-PSNR, SSIM, MicroSSIM and stSNR.

    Plane by plane (YX), all-zero rows and columns left out; with --noisy the gain of each
    plane as well. Without --clean: whether they can be trusted, as far as they and the noisy
    files tell.
    """
    _, configuration, progress = options.configure(values)
    if values["clean"] is None and values["pairs"] is None and values["restored"]:
        _judge(ctx, as_json, values, configuration.find_input, progress)
        return
    _measure(ctx, as_json, values, configuration.find_input, progress)


def _measure(
    ctx: click.Context,
    as_json: bool,
    values: dict[str, Any],
    find: Callable[[str], str],
    progress: Any,
) -> None:
    """Measure files against their truth."""
    for name, option in NOT_LEGACY.items():
        if values["legacy"] and values[name]:
            raise click.UsageError(f"--legacy and {option} contradict each other; give one.")
    if values["pairs"] is None and not (values["restored"] and values["clean"]):
        raise click.UsageError(
            "name --restored and --clean (or --noisy, without the truth), or --pairs FILE.csv."
        )
    from ..jobs.evaluate.files import EvaluateRequest, evaluate_files
    from ..jobs.evaluate.table import as_text
    from ..measure.first_pass import Rules

    for role in ("restored", "clean", "noisy", "pairs"):
        values[role] = None if values[role] is None else find(values[role])
    for path in ("pairs", "output"):
        values[path] = None if values[path] is None else Path(values[path])
    rules = Rules(
        data_range=values.pop("data_range"),
        affine=values.pop("affine"),
        legacy=values.pop("legacy"),
        skip_nan=values.pop("nan") == "skip",
    )
    command_line = (Path(sys.argv[0]).name, *sys.argv[1:])
    request = EvaluateRequest(rules=rules, command=command_line, **values)
    evaluation = evaluate_files(request, progress, find)
    for one in evaluation.failed:
        output.complain(f"Error: {one.error}")
    if as_json:
        output.emit_json(evaluation.to_json())
    else:
        output.emit("\n".join(as_text(evaluation)))
        if evaluation.output is not None:
            output.emit(f"table: {evaluation.output}")
    if evaluation.failed:
        ctx.exit(1)


def _judge(
    ctx: click.Context,
    as_json: bool,
    values: dict[str, Any],
    find: Callable[[str], str],
    progress: Any,
) -> None:
    """Say whether files can be trusted without their truth."""
    if not values["noisy"]:
        raise click.UsageError(
            "name --restored and --clean (or --noisy, without the truth), or --pairs FILE.csv."
        )
    for name, option in NOT_WITHOUT_TRUTH.items():
        if values[name] not in (None, False, "refuse"):
            raise click.UsageError(f"{option} needs the truth: name --clean, or leave it out.")
    from ..jobs.judge.files import QualityRequest, judge_files

    found = judge_files(
        QualityRequest(
            restored=find(values["restored"]),
            noisy=find(values["noisy"]),
            suffix=values["suffix"],
            axes=values["axes"],
            seed=values["seed"],
            output=None if values["output"] is None else Path(values["output"]),
            overwrite=values["overwrite"],
            command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        ),
        progress,
    )
    for one in found.failed:
        output.complain(f"Error: {one.error}")
    if as_json:
        output.emit_json(found.to_json())
    else:
        output.emit(found.as_text())
        if found.output is not None:
            output.emit(f"table: {found.output}")
    if found.failed:
        ctx.exit(1)
