"""Options that several commands share, each named once.

Tests: ``tests/cli/test_cli_contract.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..jobs.denoise.request import DenoiseRequest
from ..jobs.desk.choices import DTYPES, HOTS, LEAST_MINUTES, NANS
from ..methods.table import learning_rows, own_options
from ..words import option
from . import output
from .parsing import Filled, Finite, Named, Read, read_axes, read_patch

if TYPE_CHECKING:
    from ..jobs.desk.configuration import Configuration
    from ..jobs.desk.progress import Progress

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

MOST_MINUTES = 525_600  # a year


def text(*names: str, metavar: str, help: str, multiple: bool = False) -> Decorator:
    """Make an option for a path, or any other text that is not empty."""
    return click.option(*names, type=Filled(), metavar=metavar, help=help, multiple=multiple)


def choice(
    name: str,
    what: str,
    known: Sequence[str],
    help: str,
    *,
    default: str | None = None,
    later: Sequence[str] = (),
) -> Decorator:
    """Make an option for one of a few names; see `Named`."""
    kind = Named(what, known, later)
    shown = default is not None
    return click.option(name, type=kind, default=default, show_default=shown, help=help)


def read(
    name: str, function: Callable[[str], Any], metavar: str, help: str, **more: Any
) -> Decorator:
    """Make an option whose text a function reads; see `Read`."""
    return click.option(name, type=Read(function), metavar=metavar, help=help, **more)


def flag(name: str, help: str) -> Decorator:
    """Make an option that is given or not."""
    return click.option(name, is_flag=True, help=help)


def count(name: str, help: str, *, least: int = 1) -> Decorator:
    """Make an option for a whole number N."""
    return click.option(name, type=click.IntRange(min=least), metavar="N", help=help)


def inputs(metavar: str) -> Decorator:
    """Make the argument for files, folders and globs."""
    return click.argument("inputs", nargs=-1, type=Filled(), metavar=metavar)


def patch(help: str) -> Decorator:
    """Make the option for the edges of patches, which may be one number."""
    return read("--patch", read_patch, "PX", help)


def minutes(help: str, default: float | None = None) -> Decorator:
    """Make the option for the length of a training."""
    kind, shown = Finite(min=LEAST_MINUTES, max=MOST_MINUTES), default is not None
    return click.option(
        "--minutes", type=kind, metavar="M", default=default, show_default=shown, help=help
    )


def settings(help: str) -> Decorator:
    """Make the option ``--set``, which `parse_assignments` reads."""
    return click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help=help)


def own(command_options: str) -> Decorator:
    """Make the options that methods bring; `command_options` names them in a row.

    Each stands for ``--set`` with the setting of its name, see `fold_own`.
    """

    def give(command: F) -> F:
        for name, (metavar, help) in reversed(own_options(command_options).items()):
            spelt = f"--{name.replace('_', '-')}"
            if metavar:
                command = text(spelt, name, metavar=metavar, help=help)(command)
            else:
                command = flag(spelt, help)(command)
        return command

    return give


def fold_own(values: dict[str, Any], command_options: str) -> None:
    """Turn the options of `own`, where they are given, into settings."""
    for name, (metavar, _) in own_options(command_options).items():
        value = values.pop(name)
        if value is None or value is False:
            continue
        value = value if metavar else "true"
        if any(
            one.partition("=")[0].strip().replace("-", "_") == name for one in values["settings"]
        ):
            raise click.UsageError(
                f"{option(name)} and --set {name} contradict each other; give one."
            )
        values["settings"] = (*values["settings"], f"{name}={value}")


def dtype(help: str) -> Decorator:
    """Make the option for the type of restored files."""
    return choice("--dtype", "dtype", DTYPES, help, default=DenoiseRequest.dtype)


def suffix(help: str) -> Decorator:
    """Make the option for what ends the stems of restored files."""
    return click.option("--suffix", default=DenoiseRequest.suffix, show_default=True, help=help)


def nan(known: Sequence[str], help: str) -> Decorator:
    """Make the option for pixels that are not finite."""
    return choice("--nan", "way to treat NaN", known, help, default="refuse")


def masked_methods() -> str:
    """Names of the methods that find a mask for themselves by default."""
    return " or ".join(row.name for row in learning_rows() if "struct_mask" in row.settings)


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from ..jobs.desk.doctor import version_line

    output.emit(version_line())
    ctx.exit()


version = click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Name the versions and the device, and stop.",
)
axes = read(
    "--axes",
    read_axes,
    "LETTERS",
    "What the file's axes are, in its order, such as TZYX, or TC2YX where every second frame is "
    "another channel; default: its own metadata.",
)
seed = click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    default=0,
    show_default=True,
    help="Start of all random numbers.",
)
overwrite = flag("--overwrite", "Replace what exists.")
keep_strips = flag("--keep-strips", "Treat all-zero rows and columns as data.")
fill_nan = nan(NANS, "fill: guess NaN pixels from their neighbours for the net, and put NaN back.")
hot = choice(
    "--hot",
    "way to treat hot pixels",
    HOTS,
    "Pixels far off all around them: keep their values, or fill them with what the net restores.",
    default=DenoiseRequest.hot,
)
models = text(
    "--models", metavar="DIR", help="Where models live.  [default: MODELS_FOLDER, else models]"
)
variables = click.argument("tokens", nargs=-1, metavar="[VAR=VALUE]...")


def common(command: F) -> F:
    """Give a command -v, -q, --env, --version and --json."""
    for give in (
        version,
        click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON value instead of text."
        ),
        click.option("-q", "--quiet", is_flag=True, help="No progress, no notes."),
        click.option("-v", "--verbose", is_flag=True, help="Say more on the way."),
        text(
            "-e",
            "--env",
            metavar="FILE",
            help="Read DATASET_FOLDER, OUTPUT_FOLDER and MODELS_FOLDER from FILE; "
            "VAR=VALUE at the end of the command sets them too.",
            multiple=True,
        ),
    ):
        command = give(command)
    return command


def configure(
    values: dict[str, Any], positional: str = "tokens"
) -> tuple[list[str], Configuration, Progress]:
    """Take what `common` added out of `values` and act on it.

    `values` holds a command's options by name; those of `common` are removed, except ``as_json``.
    ``VAR=value`` tokens may stand in the argument called `positional`; the inputs that are returned
    are the arguments that are no such tokens.
    """
    from ..jobs.desk.configuration import read_configuration, split_variables
    from ..jobs.desk.progress import Progress

    quiet, verbose = values.pop("quiet"), values.pop("verbose")
    if quiet and verbose:
        raise click.UsageError("-q and -v contradict each other; give one.")
    progress = Progress(quiet=quiet, verbose=verbose)
    inputs, assignments = split_variables(values.pop(positional))
    assignments = click.get_current_context().meta["n2v_tools.variables"] | assignments
    configuration = read_configuration(values.pop("env"), assignments)
    for note in (*configuration.notes, *configuration.doubts()):
        progress.warn(note)
    for line in configuration.describe():
        progress.detail(line)
    if positional == "tokens" and inputs:
        raise click.UsageError(f"unexpected argument {inputs[0]!r}; see --help.")
    return inputs, configuration, progress


def command_line() -> tuple[str, ...]:
    """Words of the command, for the record in what it makes."""
    return (Path(sys.argv[0]).name, *sys.argv[1:])


def find_inputs(values: dict[str, Any], configuration: Configuration, *names: str) -> None:
    """Replace these options, where they are given, by the places of the files that they name."""
    for name in names:
        if values[name] is not None:
            values[name] = configuration.find_input(values[name])


def is_plain_name(name: str) -> bool:
    """Whether a name can be that of one file or folder: no path, and not empty."""
    return bool(name.strip(". ")) and not set("/\\\0") & set(name)


def refuse_both(values: Mapping[str, Any], one: str, other: str) -> None:
    """Refuse two options that contradict each other."""
    if values[one] and values[other]:
        raise click.UsageError(
            f"{option(one)} and {option(other)} contradict each other; give one."
        )
