"""``n2v-denoise``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..filters.names import NAMES
from ..jobs.desk.requests import DenoiseRequest
from ..settings import parse_assignments
from . import options, output
from .exits import Command
from .options import Filled, MemorySize, Named


@click.command(
    "denoise",
    cls=Command,
    short_help="Denoise files or folders with a trained model or a filter.",
    epilog="\b\nExample:\n  n2v-denoise domes/ --model dome_n2v",
)
@click.argument("inputs", nargs=-1, type=Filled(), metavar="INPUT...")
@click.option(
    "--model",
    type=Filled(),
    metavar="NAME|FOLDER",
    help="A model's folder, or its name in --models or among those that come with n2v_tools.",
)
@options.models
@click.option(
    "--method",
    type=Named("filter", NAMES),
    help="A filter instead of a model; its settings are estimated from each file.",
)
@click.option(
    "--dims",
    type=Named("number of dimensions", ["2", "3"]),
    help="With --method: filter planes, or volumes along Z, else T.  [default: 2]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="With --method: set any field of its settings; auto=j-invariant chooses without truth, "
    "where noise is independent from pixel to pixel. With a DeepCAD model: legacy_rescale=true "
    "restores as the original program does. Repeatable.",
)
@click.option(
    "--variance-stabilise",
    is_flag=True,
    help="With --method: make photon noise equally strong before the filter.",
)
@options.axes
@click.option(
    "--frame",
    type=click.IntRange(min=0),
    metavar="N",
    help="Only time point N, counted from 0; the output has no T axis.",
)
@click.option(
    "--output",
    type=Filled(),
    metavar="DIR",
    help="Folder of the outputs, made if missing.  [default: OUTPUT_FOLDER, else beside the input]",
)
@click.option(
    "--suffix",
    default=DenoiseRequest.suffix,
    show_default=True,
    help="Comes after the input's name.",
)
@click.option("--skip-existing", is_flag=True, help="Go on with a folder: leave what is done.")
@options.overwrite
@click.option(
    "--dtype",
    type=Named("dtype", ["auto", "uint16", "same", "float32"]),
    default=DenoiseRequest.dtype,
    show_default=True,
    help="Type of the output; auto: uint16 where all values fit, else float32.",
)
@click.option(
    "--format",
    type=Named("format", ["tiff", "ome-tiff"], ["ome-zarr"]),
    default=DenoiseRequest.format,
    show_default=True,
    help="tiff is ImageJ's.",
)
@click.option(
    "--memory",
    "memory_bytes",
    type=MemorySize(),
    metavar="SIZE",
    help="Bound above the base process, such as 2GB.",
)
@click.option(
    "--engine",
    type=Named("engine", ["auto", "tensorflow", "openvino"]),
    default=DenoiseRequest.engine,
    show_default=True,
    help="What runs the net; auto: OpenVINO on a processor, TensorFlow on a GPU.",
)
@click.option(
    "--precision",
    type=Named("precision", ["auto", "float32", "bfloat16"], ["int8"]),
    default=DenoiseRequest.precision,
    show_default=True,
    help="Arithmetic of the net; auto: bfloat16 where it is fast and within 0.5 %.",
)
@click.option("--tta", is_flag=True, help="Average over flips and turns: slower, often better.")
@options.keep_strips
@options.nan
@options.seed
@click.option(
    "--uncertainty",
    is_flag=True,
    help="Write NAME_denoised_uncertainty beside it: the standard deviation of each pixel's error, "
    "in counts. Takes about five times as long.",
)
@click.option(
    "--report",
    is_flag=True,
    help="Write NAME_denoised_report.html beside it: before and after, checks, what not to "
    "measure.",
)
@options.common
@click.pass_context
def command(ctx: click.Context, as_json: bool, **values: Any) -> None:
    """Denoise each INPUT (file, folder or glob) with a trained model or a filter.

    The output has the input's axes, sizes and calibration, and stands beside it as
    NAME_denoised.tif unless told otherwise. Nothing is overwritten.
    """
    _refuse_contradictions(values)
    inputs, configuration, progress = options.configure(values, positional="inputs")
    if not inputs:
        raise click.UsageError("name at least one INPUT: a file, a folder or a glob.")
    from ..jobs.denoise.files import denoise_files

    models_dir = values.pop("models") or configuration.models
    folder = values.pop("output") or configuration.folder("OUTPUT_FOLDER")
    request = DenoiseRequest(
        inputs=tuple(configuration.find_input(spec) for spec in inputs),
        output=Path(folder) if folder else None,
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        **values,
    )
    results = []
    for done in denoise_files(request, Path(models_dir), progress):
        results.append(done.to_json())
        if done.error:
            output.complain(f"Error: {done.error}")
        elif not as_json and not done.skipped:
            for line in done.lines:
                output.emit(line)
    if as_json:
        output.emit_json(results)
    output.count_failures(results)
    if any("error" in result for result in results):
        ctx.exit(1)


def _refuse_contradictions(values: dict[str, Any]) -> None:
    """Refuse flags that exclude each other; fill in what depends on others."""
    if values["model"] is None and values["method"] is None:
        raise click.UsageError(
            "--model is missing: name a trained model or its folder, or a filter with --method."
        )
    if values["model"] is not None and values["method"] is not None:
        raise click.UsageError("--model and --method contradict each other; give one.")
    if values["method"] is None:
        _refuse(values, ("dims", "variance_stabilise"), "goes with --method only.")
    else:
        asked = {name: values[name] != "auto" for name in ("engine", "precision")}
        asked["tta"] = values["tta"]
        _refuse(asked, tuple(asked), "is about models; a filter runs no net.")
    values["dims"] = int(values["dims"] or DenoiseRequest.dims)
    values["settings"] = parse_assignments(values["settings"])
    if values["skip_existing"] and values["overwrite"]:
        raise click.UsageError("--skip-existing and --overwrite contradict each other; give one.")
    if set("/\\") & set(values["suffix"]):
        raise click.UsageError(f"--suffix {values['suffix']!r} is part of a name, no path.")


def _refuse(values: dict[str, Any], names: tuple[str, ...], why: str) -> None:
    for name in names:
        if values[name]:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} {why}")
