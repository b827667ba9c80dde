"""Outcomes of one measurement of many files: one that fails does not stop the others."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..._version import __version__
from ...errors import N2VToolsError, StackError, UsageError
from ...io.publish import publishing, require_free_name
from ...words import option
from .inputs import one_line
from .pairs import Trio
from .progress import Progress, Step

FORMATS = (".csv", ".json", ".md")
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """One restored file."""

    names: Mapping[str, str]  # by role
    found: T | None = None  # what was measured; None if that failed
    error: str = ""  # why it failed; else empty


@dataclass(frozen=True)
class Outcomes(Generic[T]):
    """All restored files."""

    files: tuple[Outcome[T], ...]
    seed: int = field(default=0, kw_only=True)
    command: tuple[str, ...] = field(default=(), kw_only=True)  # the command line
    output: Path | None = field(default=None, kw_only=True)  # the table that was written

    @property
    def failed(self) -> tuple[Outcome[T], ...]:
        """Files that could not be measured."""
        return tuple(one for one in self.files if one.found is None)

    @property
    def measured(self) -> tuple[T, ...]:
        """What was measured in the others."""
        return tuple(one.found for one in self.files if one.found is not None)

    @property
    def command_text(self) -> str:
        """The command line as it is typed."""
        return shlex.join(self.command)

    def record(self) -> dict[str, Any]:
        """How it was made, for JSON."""
        return {
            "n_files": len(self.measured),
            "seed": self.seed,
            "output": self.output,
            "version": __version__,
            "command": self.command_text,
        }


def measure_each(
    trios: Sequence[Trio], measure: Callable[[Trio, Step], T], progress: Progress
) -> tuple[Outcome[T], ...]:
    """Measure files that are paired; StackError if all of them fail.

    `measure` measures one of them, and calls its second argument as it goes.
    """
    outcomes = tuple(_measure(trio, measure, progress) for trio in trios)
    if all(one.found is None for one in outcomes):
        others = f" (and {len(outcomes) - 1} more failed)" if len(outcomes) > 1 else ""
        raise StackError(f"{outcomes[0].error}{others}")
    return outcomes


def require_table(output: Path | None, *, overwrite: bool) -> None:
    """Raise before any work if a table could not be written.

    UsageError if its ending is unknown, OutputError if it exists.
    """
    if output is None:
        return
    if output.suffix.lower() not in FORMATS:
        raise UsageError(
            f"{option('output', output)}: name a table ending in {', '.join(FORMATS)}."
        )
    require_free_name(output, overwrite=overwrite)


def write_text(text: str, output: Path, *, overwrite: bool) -> int:
    """Write text as UTF-8; how many bytes it takes.

    OutputError if the file exists or cannot be written.
    """
    data = text.encode("utf-8", "backslashreplace")
    with publishing(output, overwrite=overwrite) as file:
        file.write(data)
    return len(data)


def _measure(trio: Trio, measure: Callable[[Trio, Step], T], progress: Progress) -> Outcome[T]:
    names = trio.names
    if trio.error:
        return Outcome(names, error=trio.error)
    for stack in trio.stacks.values():
        for warning in stack.warnings:
            progress.warn(f"{stack.name}: {warning}")
    try:
        with progress.task(names["restored"]) as step:
            return Outcome(names, measure(trio, step))
    except N2VToolsError as error:
        return Outcome(names, error=str(error))
    except OSError as error:
        return Outcome(names, error=one_line(names["restored"], error))
