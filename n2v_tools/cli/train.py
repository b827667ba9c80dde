"""``n2v-train``.

Tests: ``tests/cli/test_cli_train.py``.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from ..jobs.desk.choices import LEAST_MINUTES
from ..methods import table
from ..settings import parse_assignments
from . import exits, options, output
from .parsing import Finite

MASK_FILES = (".json", ".npy")


def _about_methods() -> str:
    """What each method does, and what ``auto`` takes, from the table of methods."""
    movies = "; ".join(f"{r.name} ({r.title})" for r in table.learning_rows() if r.data == "movie")
    auto = ", ".join(f"{r.name} where there are {r.auto_frames} frames" for r in table.movie_rows())
    return f"What kind of learning. For movies: {movies}. auto: {auto}, else {table.FALLBACK}."


def _about_presets() -> str:
    """Purposes of the presets whose names do not explain them."""
    texts = {name: text for r in table.learning_rows() for name, text in r.presets.items() if text}
    return "; ".join(f"{name}: {text}" for name, text in texts.items()) + "."


@exits.command("train", "n2v-train --stack dome.tif --axes TZYX")
@options.text(
    "--stack",
    "stacks",
    metavar="PATH",
    help="What to learn from: file, folder or glob. Repeatable; required.",
    multiple=True,
)
@options.axes
@options.choice(
    "--method",
    "method",
    table.method_names(),
    _about_methods(),
    default="auto",
)
@options.choice(
    "--preset",
    "preset",
    table.preset_names(),
    _about_presets(),
    default="default",
)
@click.option(
    "--model",
    metavar="NAME",
    help="Name of the model, no path.  [default: the first stack's name and the method]",
)
@options.models
@options.patch("Patch edges in pixels: 64 is a 2D patch, 16,64,64 a 3D one.")
@options.choice(
    "--depth",
    "depth axis",
    ("Z", "T"),
    "Third axis of 3D patches where there are both.  [default: Z]",
)
@options.count("--patches", "Exactly N patches.  [default: as many as the method wants]")
@click.option(
    "--validation",
    type=Finite(min=0, max=0.5),
    metavar="SHARE",
    help="Share set aside for validation.  [default: 0.1]",
)
@click.option(
    "--struct-mask",
    metavar="MASK",
    help="For noise that is correlated from pixel to pixel: what is hidden with each pixel. none, "
    "auto (found from the noise), horizontal:5, vertical:5, cross:5, cross:9x5, square:3, "
    "square:9x5 (odd widths in px, Y x X), or a .json or .npy FILE.  [default: none; auto with "
    f"--method {options.masked_methods()}]",
)
@options.count("--epochs", "How many epochs.")
@options.count("--steps", "Steps per epoch.")
@options.count("--batch", "Patches per step.")
@options.minutes(f"End M minutes after the start of the command, at least {LEAST_MINUTES}.")
@options.flag("--resume", "Continue an interrupted training.")
@options.flag("--overwrite", "Replace a finished model of this name.")
@options.flag("--dry-run", "Print the plan; train nothing.")
@options.settings("Set any field of the method's settings. Repeatable.")
@options.own("train_options")
@options.keep_strips
@options.fill_nan
@options.seed
@options.variables
@options.common
@click.pass_context
def command(ctx: click.Context, as_json: bool, **values: Any) -> None:
    """Learn to denoise from the noisy pixels of the stacks alone.

    Prints the folder of the finished model.
    """
    _, configuration, progress = options.configure(values)
    options.fold_own(values, "train_options")
    settings = _check(values)
    from ..jobs.train.request import TrainRequest
    from ..jobs.train.run import plan_training, train_stacks

    stacks = tuple(configuration.find_input(stack) for stack in values.pop("stacks"))
    if str(values["struct_mask"]).endswith(MASK_FILES):
        from ..io.maskfile import read_mask_file

        values["struct_mask"] = read_mask_file(Path(values["struct_mask"]))
    request = TrainRequest(
        stacks=stacks,
        models_dir=configuration.models(values.pop("models")),
        settings=settings,
        command=options.command_line(),
        started=ctx.meta["n2v_tools.started"],
        **values,
    )
    if request.dry_run:
        plan = plan_training(request, progress)
        output.show({"plan": plan}, "\n".join(plan), as_json=as_json)
        return
    result = train_stacks(request, progress)
    reasons = [f"this model needs n2v_tools: {why}" for why in result.needs_n2v_tools]
    text = "\n".join([str(result.model), *reasons])
    output.show(dataclasses.asdict(result), text, as_json=as_json)


def _check(values: dict[str, Any]) -> dict[str, str]:
    """Refuse what contradicts itself; return ``--set`` as a mapping."""
    mask = values["struct_mask"]
    if mask and mask != "auto" and not mask.startswith("[") and not mask.endswith(MASK_FILES):
        from ..prepare.struct_mask import read_struct_mask

        read_struct_mask(mask, n_dim=2)
    if not values["stacks"]:
        raise click.UsageError("--stack is missing: name a file, a folder or a glob.")
    name = values["model"]
    if name is not None and not options.is_plain_name(name):
        raise click.UsageError(
            f"--model {name!r} must be a plain name, no path; --models DIR says where it goes."
        )
    return parse_assignments(values.pop("settings"))
