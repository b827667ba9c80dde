"""Output to the two streams: results on stdout, everything else on stderr.

A reader that goes away (``| head``) never stops the work: the rest of the output is
dropped. Results that cannot be printed, as on a full disk, are an error. JSON is one value, with
null for NaN and infinity.

Tests: ``tests/cli/test_cli_contract.py``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TextIO, TypeVar

import click

from ..errors import OutputError, system_words
from ..report.plain import json_text


class Found(Protocol):
    """What a job yields for one of several inputs."""

    @property
    def error(self) -> str:
        """Why it failed; else empty."""

    def to_json(self) -> dict[str, Any]:
        """Everything as one object."""


T = TypeVar("T", bound=Found)


def emit(text: str) -> None:
    """Print one result on stdout."""
    _write(text, to_stderr=False)


def emit_json(value: Any) -> None:
    """Print `value` on stdout as one JSON value."""
    emit(json_text(value))


def show(value: Any, text: str, *, as_json: bool, errors: Sequence[str] = ()) -> None:
    """Print a result on stdout: `value` for a script, or `text` for a person.

    What failed nevertheless goes to stderr first; the exit code is 1 then.
    """
    for error in errors:
        complain(f"Error: {error}")
    if as_json:
        emit_json(value)
    else:
        emit(text)
    end(failed=bool(errors))


def show_each(found: Iterable[T], lines: Callable[[T], Iterable[str]], *, as_json: bool) -> None:
    """Print the results of several inputs as they come; exit code 1 if any failed.

    `lines` gives what a person reads of one that worked; `as_json` prints all as one JSON list
    instead.
    """
    results, n_failed = [], 0
    for one in found:
        results.append(one.to_json())
        if one.error:
            n_failed += 1
            complain(f"Error: {one.error}")
        elif not as_json:
            for line in lines(one):
                emit(line)
    if as_json:
        emit_json(results)
    if n_failed and len(results) > 1:  # their lines stand among many others
        complain(f"{n_failed} of {len(results)} inputs failed.")
    end(failed=n_failed > 0)


def complain(text: str) -> None:
    """Print one line on stderr."""
    _write(text, to_stderr=True)


def end(*, failed: bool) -> None:
    """End the command with exit code 1 if something failed."""
    if failed:
        raise click.exceptions.Exit(1)


def make_streams_robust() -> None:
    """Let closed streams lead nowhere, and file names that are not valid text be printed.

    A closed descriptor (``2>&-``) is given away first: the next file that is opened would
    get its number, and whatever a library writes to stderr would end up in that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _write(text: str, to_stderr: bool) -> None:
    try:
        click.echo(text, err=to_stderr)
    except OSError as error:
        _lead_nowhere(sys.stderr if to_stderr else sys.stdout)
        if not to_stderr and not isinstance(error, BrokenPipeError):
            raise OutputError(
                f"the results cannot be printed ({system_words(error)}), or only part of them. "
                "Send them to a place with room."
            ) from None


def _lead_nowhere(stream: TextIO) -> None:
    """Drop all that is printed from here on; otherwise Python complains again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
