"""What reaches the two streams: results on stdout, everything else on stderr.

A reader that goes away (``| head``) never stops the work: the rest of the output is
dropped. JSON is one value, with null for NaN and infinity.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..report.plain import json_text


def emit(text: str) -> None:
    """Print one result on stdout."""
    _write(text, to_stderr=False)


def emit_json(value: Any) -> None:
    """Print `value` on stdout as one JSON value."""
    emit(json_text(value))


def complain(text: str) -> None:
    """Print one line on stderr."""
    _write(text, to_stderr=True)


def count_failures(results: Sequence[Mapping[str, Any]]) -> None:
    """Say on stderr how many of several inputs failed: their lines stand among many others."""
    n_failed = sum("error" in result for result in results)
    if n_failed and len(results) > 1:
        complain(f"{n_failed} of {len(results)} inputs failed.")


def make_streams_robust() -> None:
    """Let closed streams lead nowhere, and file names that are no valid text be printed.

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
    except BrokenPipeError:
        # From here on the stream leads nowhere; otherwise Python complains again at exit.
        stream = sys.stderr if to_stderr else sys.stdout
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
