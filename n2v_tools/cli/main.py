"""The group ``n2v-tools`` of all commands: ``n2v-tools train`` is ``n2v-train``.

A command's module is imported when it is asked for, so that help answers at once.

Tests: ``tests/cli/test_cli_contract.py``.
"""

from __future__ import annotations

import importlib
from typing import NoReturn

import click

from ..methods.table import FALLBACK
from ..settings import nearest
from . import options
from .exits import ExitCodes

COMMANDS = {
    "train": "Learn to denoise from noisy stacks alone.",
    "denoise": "Denoise files or folders with a trained model or a filter.",
    "inspect": "Say what is in a file and which command to use.",
    "compare": "Try methods side by side on one stack: a figure and a table.",
    "preview": "Make a small movie, noisy and restored side by side.",
    "evaluate": "Measure restored files against their truth.",
    "report": "Show in one page what was done, whether it helped, and what not to measure.",
    "experiment": "Run named experiments from a file: train, denoise, evaluate, table.",
    "simulate": "Generate a noisy stack together with its clean truth.",
    "doctor": "Say what this installation will run on, and why not faster.",
    "demo": "Run the main job on generated data.",
}
LATER = ("export", "compress")


class LazyGroup(ExitCodes, click.Group):
    """Sub-commands that are known by name and imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a known command; None for any other name."""
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the one that was probably meant."""
        name = args[0]
        if name in LATER:
            raise click.UsageError(f"n2v-tools {name} is not available yet.")
        if name not in COMMANDS:
            raise click.UsageError(
                f"there is no command {name!r}.{nearest(name, COMMANDS)} "
                f"Known: {', '.join(COMMANDS)}."
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    epilog=f"\b\nExample:\n  n2v-tools denoise domes/ --model dome_{FALLBACK}",
)
@options.version
def cli() -> None:
    """Self-supervised denoising of microscopy images.

    Each command is also a script of its own: `n2v-tools train` is `n2v-train`.
    """


def load_command(name: str) -> click.Command:
    """Import ``cli/NAME.py`` and return the command it defines as ``command``."""
    command: click.Command = importlib.import_module(f"{__package__}.{name}").command
    return command


def main() -> NoReturn:
    """``n2v-tools``."""
    cli.main(prog_name="n2v-tools")
