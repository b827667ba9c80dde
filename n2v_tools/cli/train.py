"""``n2v-train``."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click

from ..methods import table
from ..settings import parse_assignments
from . import options, output
from .exits import Command
from .options import Named, PatchSize


def _about_methods() -> str:
    """What each method does, and what ``auto`` takes, from the table of methods."""
    movies = "; ".join(f"{r.name} ({r.title})" for r in table.learning_rows() if r.data == "movie")
    auto = ", ".join(f"{r.name} where there are {r.auto_frames} frames" for r in table.movie_rows())
    return f"What kind of learning. For movies: {movies}. auto: {auto}, else {table.FALLBACK}."


def _about_presets() -> str:
    """What presets are for, where their names do not say so."""
    said = {name: text for r in table.learning_rows() for name, text in r.presets.items() if text}
    return "; ".join(f"{name}: {text}" for name, text in said.items()) + "."


@click.command(
    "train",
    cls=Command,
    short_help="Learn to denoise from noisy stacks alone.",
    epilog="\b\nExample:\n  n2v-train --stack dome.tif --axes TZYX",
)
@click.option(
    "--stack",
    "stacks",
    multiple=True,
    metavar="PATH",
    help="What to learn from: file, folder or glob. Repeatable; required.",
)
@options.axes
@click.option(
    "--method",
    type=Named("method", table.method_names(), table.LATER),
    default="auto",
    show_default=True,
    help=_about_methods(),
)
@click.option(
    "--preset",
    type=Named("preset", table.preset_names(), table.PRESETS_LATER),
    default="default",
    show_default=True,
    help=_about_presets(),
)
@click.option(
    "--model",
    metavar="NAME",
    help="Name of the model, no path.  [default: the first stack's name and the method]",
)
@options.models
@click.option(
    "--patch",
    type=PatchSize(),
    metavar="PX",
    help="Patch edges in pixels: 64 is a 2D patch, 16,64,64 a 3D one.",
)
@click.option(
    "--depth",
    type=Named("depth axis", ["Z", "T"]),
    help="Third axis of 3D patches where there are both.  [default: Z]",
)
@click.option(
    "--patches",
    type=click.IntRange(min=1),
    metavar="N",
    help="Exactly N patches.  [default: as many as the method wants]",
)
@click.option(
    "--validation",
    type=options.Finite(min=0, max=0.5),
    metavar="SHARE",
    help="Share set aside for validation.  [default: 0.1]",
)
@click.option(
    "--struct-mask",
    metavar="MASK",
    help="For noise that is correlated from pixel to pixel: what is hidden with each pixel. none, "
    "auto (found from the noise), horizontal:5, vertical:5, cross:5, cross:9x5, square:3, "
    "square:9x5 (odd widths in px, Y x X), or a .json or .npy FILE.  [default: none; auto with "
    "--method structn2v]",
)
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="How many epochs.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Steps per epoch.")
@click.option("--batch", type=click.IntRange(min=1), metavar="N", help="Patches per step.")
@click.option(
    "--minutes",
    type=options.Finite(min=0.25, max=options.MOST_MINUTES),
    metavar="M",
    help="End M minutes after the start of the command, at least 0.25.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Continue an interrupted training.",
)
@click.option("--overwrite", is_flag=True, help="Replace a finished model of this name.")
@click.option("--dry-run", is_flag=True, help="Print the plan; train nothing.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set any field of the method's settings. Repeatable.",
)
@options.keep_strips
@options.nan
@options.seed
@options.variables
@options.common
@click.pass_context
def command(ctx: click.Context, as_json: bool, **values: Any) -> None:
    """Learn to denoise from the noisy pixels of the stacks alone.

    Prints the folder of the finished model.
    """
    _, configuration, progress = options.configure(values)
    settings = _check(values)
    from ..jobs.train.request import TrainRequest
    from ..jobs.train.run import plan_training, train_stacks

    stacks = tuple(configuration.find_input(stack) for stack in values.pop("stacks"))
    models_dir = Path(values.pop("models") or configuration.models)
    if str(values["struct_mask"]).endswith((".json", ".npy")):
        from ..io.maskfile import read_mask_file

        values["struct_mask"] = read_mask_file(Path(values["struct_mask"]))
    request = TrainRequest(
        stacks=stacks,
        models_dir=models_dir,
        settings=settings,
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        started=ctx.meta["n2v_tools.started"],
        **values,
    )
    if request.dry_run:
        plan = plan_training(request, progress)
        if as_json:
            output.emit_json({"plan": plan})
        else:
            output.emit("\n".join(plan))
        return
    result = train_stacks(request, progress)
    if as_json:
        output.emit_json(dataclasses.asdict(result))
    else:
        reasons = [f"this model needs n2v_tools: {why}" for why in result.needs_n2v_tools]
        output.emit("\n".join([str(result.model), *reasons]))


def _check(values: dict[str, Any]) -> dict[str, str]:
    """Refuse what contradicts itself; return ``--set`` as a mapping."""
    mask = values["struct_mask"]
    if mask and not mask.startswith("[") and not mask.endswith((".json", ".npy")):
        from ..blindspot.struct_mask import require_mask_name

        require_mask_name(mask)
    if not values["stacks"]:
        raise click.UsageError("--stack is missing: name a file, a folder or a glob.")
    name = values["model"]
    if name is not None and (not name.strip(". ") or set("/\\\0") & set(name)):
        raise click.UsageError(
            f"--model {name!r} must be a plain name, no path; --models DIR says where it goes."
        )
    return parse_assignments(values.pop("settings"))
