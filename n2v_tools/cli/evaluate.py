"""``n2v-evaluate``.

Tests: ``tests/cli/test_cli_evaluate.py``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, output
from .parsing import Read

if TYPE_CHECKING:
    from ..jobs.desk.configuration import Configuration
    from ..jobs.desk.progress import Progress

NOT_WITHOUT_TRUTH = {
    "data_range": "--range", "affine": "--affine", "legacy": "--legacy",
    "keep_strips": "--keep-strips", "nan": "--nan skip", "spikes": "--spikes",
    "frames_per_second": "--frames-per-second",
}  # fmt: skip
NOT_LEGACY = ("data_range", "affine", "keep_strips")
MISSING = "name --restored and --clean (or --noisy, without the truth), or --pairs FILE.csv."


def read_range(text: str) -> float:
    """Read a data range in counts: a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{text!r} is not a data range; write a number above 0, such as 255.")
    return number


@exits.command(
    "evaluate",
    "n2v-evaluate --restored out/ --clean truth/ --noisy raw/ --output table.csv",
    "n2v-evaluate --restored a_denoised.tif --clean a_clean.tif --noisy a_noisy.tif",
    "n2v-evaluate --restored a_denoised.tif --noisy a_noisy.tif",
)
@options.variables
@options.text("--restored", metavar="PATH", help="Restored file, folder or glob in quotes.")
@options.text("--clean", metavar="PATH", help="The truth: file, folder or glob.")
@options.text(
    "--noisy",
    metavar="PATH",
    help="What was restored: file, folder or glob. Adds the gain, with an interval.",
)
@options.text(
    "--pairs",
    metavar="FILE.csv",
    help="Which files belong together: columns restored, clean and, if wanted, noisy.  "
    "[default: files of equal stem, without the suffix, _noisy and _clean]",
)
@options.suffix("What ends the stems of restored files.")
@options.axes
@click.option(
    "--range",
    "data_range",
    type=Read(read_range),
    metavar="R",
    help="Data range of PSNR and SSIM in counts.  [default: clean maximum minus minimum per file]",
)
@options.flag(
    "--affine",
    "Fit gain and offset to the truth first, per file and channel: for files scaled separately.",
)
@options.flag(
    "--legacy", "Repeat the numbers of the calcium study: counts as uint16, data range 65535."
)
@options.text(
    "--spikes",
    metavar="FILE.csv",
    help="Table of cells (y, x, radius, spike_seconds), such as NAME_neurons.csv of n2v-simulate: "
    "adds how well one movie shows spikes (d', F1 within 2 ms, height).",
)
@click.option(
    "--frames-per-second",
    type=click.FloatRange(min=0, min_open=True),
    help="Of that movie.  [default: as its file says]",
)
@options.keep_strips
@options.nan(("refuse", "skip"), "skip: leave out pixels that are not finite.")
@options.text(
    "--output",
    metavar="FILE",
    help="Table to write: FILE.csv (one row per plane), FILE.json or FILE.md.",
)
@options.seed
@options.overwrite
@options.common
def command(as_json: bool, **values: Any) -> None:
    """Measure restored files against their truth: PSNR, SI-PSNR, SSIM, MicroSSIM and stSNR.

    Plane by plane (YX), all-zero rows and columns left out; with --noisy the gain of each
    plane as well. Without --clean: whether they can be trusted, as far as they and the noisy
    files tell.
    """
    _, configuration, progress = options.configure(values)
    options.find_inputs(values, configuration, "restored", "clean", "noisy", "pairs")
    values["output"] = None if values["output"] is None else Path(values["output"])
    values["command"] = options.command_line()
    judged = values["clean"] is None and values["pairs"] is None and values["restored"]
    work = _judge if judged else _measure
    found, text = work(values, configuration, progress)
    if values["output"] is not None:
        text += f"\ntable: {values['output']}"
    errors = [one.error for one in found.failed]
    output.show(found.to_json(), text, as_json=as_json, errors=errors)


def _measure(
    values: dict[str, Any], configuration: Configuration, progress: Progress
) -> tuple[Any, str]:
    """Measure files against their truth; return the scores, and the same for a person."""
    for name in NOT_LEGACY:
        if values["legacy"] and values[name]:
            raise click.UsageError(
                f"--legacy and {NOT_WITHOUT_TRUTH[name]} contradict each other; give one."
            )
    if values["pairs"] is None and not (values["restored"] and values["clean"]):
        raise click.UsageError(MISSING)
    from ..jobs.evaluate.files import EvaluateRequest, evaluate_files
    from ..jobs.evaluate.scoreboard import as_text
    from ..measure.first_pass import Rules

    asked = dict(values)
    rules = Rules(
        data_range=asked.pop("data_range"),
        affine=asked.pop("affine"),
        legacy=asked.pop("legacy"),
        skip_nan=asked.pop("nan") == "skip",
    )
    pairs = None if asked["pairs"] is None else Path(asked["pairs"])
    asked["spikes"] = None if asked["spikes"] is None else Path(asked["spikes"])
    request = EvaluateRequest(**{**asked, "rules": rules, "pairs": pairs})
    evaluation = evaluate_files(request, progress, configuration.find_input)
    return evaluation, "\n".join(as_text(evaluation))


def _judge(
    values: dict[str, Any], configuration: Configuration, progress: Progress
) -> tuple[Any, str]:
    """Say whether files can be trusted without their truth; return that, as `_measure` does."""
    if not values["noisy"]:
        raise click.UsageError(MISSING)
    for name, option in NOT_WITHOUT_TRUTH.items():
        if values[name] not in (None, False, "refuse"):
            raise click.UsageError(f"{option} needs the truth: name --clean, or leave it out.")
    from ..jobs.judge.files import QualityRequest, judge_files

    names = ("restored", "noisy", "suffix", "axes", "seed", "output", "overwrite", "command")
    found = judge_files(QualityRequest(**{name: values[name] for name in names}), progress)
    return found, found.as_text()
