"""Options that several commands share, named once, and the types of their values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..axes import parse_axes
from ..errors import AxesError
from ..settings import nearest
from . import output

if TYPE_CHECKING:
    from ..jobs.desk.configuration import Configuration
    from ..jobs.desk.progress import Progress

F = TypeVar("F", bound=Callable[..., Any])

MOST_MINUTES = 525_600  # a year


class Named(click.ParamType):
    """A value known by name; names that will exist later are told from misspelt ones.

    Parameters
    ----------
    name : str
        What the value is, for messages.
    known, later : sequence of str
        Names that work, and names that are "not available yet".
    later_pattern : str, optional
        Regular expression of further values that are "not available yet".
    """

    def __init__(
        self, name: str, known: Sequence[str], later: Sequence[str] = (), later_pattern: str = ""
    ) -> None:
        self.name = name
        self.known = tuple(known)
        self.later = tuple(later)
        self.later_pattern = later_pattern

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Show the names that work."""
        return "[" + "|".join(self.known) + "]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or refuse it with the nearest known one."""
        if value in self.known:
            return str(value)
        option = param.opts[0] if isinstance(param, click.Option) else f"the {self.name}"
        if value in self.later or (
            self.later_pattern and re.fullmatch(self.later_pattern, str(value))
        ):
            raise click.UsageError(f"{option} {value} is not available yet.")
        raise click.UsageError(
            f"{option}: {value!r} is no {self.name}.{nearest(str(value), self.known + self.later)}"
            + (f" Known: {', '.join(self.known)}." if self.known else "")
        )


class Finite(click.FloatRange):
    """A number in a range; NaN, which passes every comparison, is none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or refuse it."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no number that can be used; give a finite one.", param, ctx)
        return number


class Filled(click.ParamType):
    """Any text but an empty one: that is a variable of the shell which is not set."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it is."""
        if value == "":
            name = param.opts[0] if isinstance(param, click.Option) else "INPUT"
            raise click.UsageError(f"{name} is empty: is a variable not set? Name something.")
        return str(value)


class Axes(click.ParamType):
    """Axes letters, such as TZYX."""

    name = "letters"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the letters in upper case."""
        try:
            return parse_axes(value)
        except AxesError as error:
            raise click.UsageError(str(error)) from None


class MemorySize(click.ParamType):
    """An amount of memory, such as 2GB or 500MiB, in bytes."""

    name = "size"
    factors: Mapping[str, int] = {
        "": 1, "B": 1, "K": 10**3, "KB": 10**3, "M": 10**6, "MB": 10**6, "G": 10**9, "GB": 10**9,
        "T": 10**12, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
    }  # fmt: skip

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]*)\s*", value)
        factor = self.factors.get(match[2].upper()) if match else None
        if match is None or factor is None:
            self.fail(f"{value!r} is no amount of memory; write 2GB, 500MB or 1.5GiB.", param, ctx)
        n_bytes = int(float(match[1]) * factor)
        if n_bytes < 10**6:
            self.fail(f"{value!r} is {n_bytes} bytes, less than 1MB; write 2GB, say.", param, ctx)
        return n_bytes


class PatchSize(click.ParamType):
    """Patch edges in pixels: one for a square, or Y,X or Z,Y,X."""

    name = "px"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the edges; their number is the rank of the patch (one edge means two)."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*){0,2}", value):
            self.fail(f"{value!r} is no patch size; write 64, 64,64 or 16,64,64.", param, ctx)
        edges = tuple(int(edge) for edge in value.split(","))
        if min(edges) < 1:
            self.fail(f"{value!r} has an edge of 0 px; write 64 or 16,64,64.", param, ctx)
        return edges * 2 if len(edges) == 1 else edges


def not_yet(*names: str, takes_value: bool = False) -> Callable[[F], F]:
    """Accept an option only to say that it is not available yet; help does not show it."""

    def refuse(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value:
            raise click.UsageError(f"{param.opts[0]} is not available yet.")

    return click.option(
        *names, is_flag=not takes_value, hidden=True, expose_value=False, callback=refuse
    )


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from .doctor import version_line

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
axes = click.option(
    "--axes",
    type=Axes(),
    metavar="LETTERS",
    help="What the file's axes are, in its order, such as TZYX; default: its own metadata.",
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON value instead of text."
)
seed = click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    default=0,
    show_default=True,
    help="Start of all random numbers.",
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace what exists.")
keep_strips = click.option(
    "--keep-strips", is_flag=True, help="Treat all-zero rows and columns as data."
)
nan = click.option(
    "--nan",
    type=Named("way to treat NaN", ["refuse", "fill"]),
    default="refuse",
    show_default=True,
    help="fill: guess NaN pixels from their neighbours for the net, and put NaN back.",
)
models = click.option(
    "--models",
    type=Filled(),
    metavar="DIR",
    help="Where models live.  [default: MODELS_FOLDER, else models]",
)
variables = click.argument("tokens", nargs=-1, metavar="[VAR=VALUE]...")


def common(command: F) -> F:
    """Give a command -v, -q, --env, --version and --json."""
    for option in (
        version,
        as_json,
        click.option("-q", "--quiet", is_flag=True, help="No progress, no notes."),
        click.option("-v", "--verbose", is_flag=True, help="Say more on the way."),
        click.option(
            "-e",
            "--env",
            "env",
            type=Filled(),
            multiple=True,
            metavar="FILE",
            help="Read DATASET_FOLDER, OUTPUT_FOLDER and MODELS_FOLDER from FILE; "
            "VAR=VALUE at the end of the command sets them too.",
        ),
    ):
        command = option(command)
    return command


def configure(
    values: dict[str, Any], positional: str = "tokens"
) -> tuple[list[str], Configuration, Progress]:
    """Take what `common` added out of `values` and act on it.

    Parameters
    ----------
    values : dict
        Options of a command by name; those of `common` are removed, except ``as_json``.
    positional : str
        Name of the positional argument in which ``VAR=value`` tokens may stand.

    Returns
    -------
    inputs : list of str
        Positional arguments that are no variables.
    configuration : Configuration
    progress : Progress
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
