"""``n2v-denoise``.

Tests: ``tests/cli/test_cli_denoise.py``.
"""

from __future__ import annotations

from typing import Any

import click

from ..filters.names import NAMES
from ..io.table import WRITTEN, WRITTEN_LATER
from ..jobs.denoise.request import DenoiseRequest
from ..jobs.desk.choices import ENGINES, PRECISIONS
from ..methods import table
from ..settings import parse_assignments
from ..words import option
from . import exits, options, output
from .parsing import Filled, Read, read_memory


def _about_models() -> str:
    """Sentences on the settings that models of some methods have when they restore."""
    return " ".join(row.restoring_help for row in table.rows().values() if row.restoring_help)


@exits.command("denoise", f"n2v-denoise domes/ --model dome_{table.FALLBACK}")
@options.inputs("INPUT...")
@options.text(
    "--model",
    metavar="NAME|FOLDER",
    help="A model's folder, or its name in --models or among those that come with n2v_tools.",
)
@options.models
@options.choice(
    "--method",
    "filter",
    NAMES,
    "A filter instead of a model; its settings are estimated from each file.",
)
@options.choice(
    "--dims",
    "number of dimensions",
    ("2", "3"),
    "With --method: filter planes, or volumes along Z, else T.  [default: 2]",
)
@options.settings(
    "With --method: set any field of its settings; auto=j-invariant chooses without truth, "
    f"where noise is independent from pixel to pixel. {_about_models()} Repeatable.",
)
@options.own("denoise_options")
@options.flag(
    "--variance-stabilise", "With --method: make photon noise equally strong before the filter."
)
@options.axes
@options.count("--frame", "Only time point N, counted from 0; the output has no T axis.", least=0)
@click.option(
    "--scene",
    type=Filled(),
    metavar="NAME|N|all",
    default=DenoiseRequest.scene,
    show_default=True,
    help="Of files with several images (scenes, stage positions): all of them, each into an "
    "output of its own, or one, counted from 0.",
)
@options.text(
    "--output",
    metavar="DIR",
    help="Folder of the outputs, made if missing.  [default: OUTPUT_FOLDER, else beside the input]",
)
@options.suffix("Comes after the input's name.")
@options.flag("--skip-existing", "Go on with a folder: leave what is done.")
@options.overwrite
@options.flag("--force", "Restore what is refused since the model destroys its brightness.")
@options.dtype(
    "Type of the output; auto: uint16 where all values fit and rounding costs little, else float32."
)
@options.choice(
    "--format",
    "format",
    WRITTEN,
    "tiff is ImageJ's.",
    default=DenoiseRequest.format,
    later=WRITTEN_LATER,
)
@click.option(
    "--memory",
    "memory_bytes",
    type=Read(read_memory),
    metavar="SIZE",
    help="Bound above the base process, such as 2GB.",
)
@options.choice(
    "--engine",
    "engine",
    ENGINES,
    "What runs the net; auto: OpenVINO on a processor, TensorFlow on a GPU.",
    default=DenoiseRequest.engine,
)
@options.choice(
    "--precision",
    "precision",
    PRECISIONS,
    "Arithmetic of the net; auto: bfloat16 where it is fast and within 0.5 %.",
    default=DenoiseRequest.precision,
    later=("int8",),
)
@options.flag("--tta", "Average over flips and turns: slower, often better.")
@options.keep_strips
@options.fill_nan
@options.hot
@options.seed
@options.flag(
    "--uncertainty",
    "Write NAME_denoised_uncertainty beside it: the standard deviation of each pixel's error, "
    "in counts. Takes about five times as long.",
)
@options.flag(
    "--report",
    "Write NAME_denoised_report.html beside it: before and after, checks, what not to measure.",
)
@options.common
def command(as_json: bool, **values: Any) -> None:
    """Denoise each INPUT (file, folder or glob) with a trained model or a filter.

    The output has the input's axes, sizes and calibration, and stands beside it as
    NAME_denoised.tif unless told otherwise. Nothing is overwritten.
    """
    options.fold_own(values, "denoise_options")
    _refuse_contradictions(values)
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if not inputs:
        raise click.UsageError("name at least one INPUT: a file, a folder or a glob.")
    from ..jobs.denoise.files import denoise_files

    models_dir = configuration.models(values.pop("models"))
    request = DenoiseRequest(
        inputs=tuple(configuration.find_input(spec) for spec in inputs),
        output=configuration.folder("OUTPUT_FOLDER", values.pop("output")),
        command=options.command_line(),
        **values,
    )
    found = denoise_files(request, models_dir, progress)
    output.show_each(found, lambda one: [] if one.skipped else one.lines, as_json=as_json)


def _refuse_contradictions(values: dict[str, Any]) -> None:
    """Refuse flags that exclude each other; fill in what depends on others."""
    if values["model"] is None and values["method"] is None:
        raise click.UsageError(
            "--model is missing: name a trained model or its folder, or a filter with --method."
        )
    options.refuse_both(values, "model", "method")
    options.refuse_both(values, "skip_existing", "overwrite")
    if values["method"] is None:
        _refuse(values, "dims", "variance_stabilise", why="goes with --method only.")
    else:
        why = "is about models; a filter runs no net."
        _refuse(values, "engine", "precision", "tta", "force", why=why)
    values["dims"] = int(values["dims"] or DenoiseRequest.dims)
    values["settings"] = parse_assignments(values["settings"])
    if set("/\\") & set(values["suffix"]):
        raise click.UsageError(f"--suffix {values['suffix']!r} is part of a name, no path.")


def _refuse(values: dict[str, Any], *names: str, why: str) -> None:
    for name in names:
        if values[name] not in (None, False, "auto"):
            raise click.UsageError(f"{option(name)} {why}")
