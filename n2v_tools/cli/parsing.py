"""Texts of the command line, read into the values of options."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import click

from ..axes import parse_asked_axes
from ..errors import AxesError
from ..settings import nearest

BYTES = {
    "": 1, "B": 1, "K": 10**3, "KB": 10**3, "M": 10**6, "MB": 10**6, "G": 10**9, "GB": 10**9,
    "T": 10**12, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip


class Named(click.ParamType):
    """A value known by name; names of later versions are distinguished from misspelt ones.

    `name` says what the value is, for messages. The names in `known` work, and those in `later` are
    "not available yet".
    """

    def __init__(self, name: str, known: Sequence[str], later: Sequence[str] = ()) -> None:
        self.name = name
        self.known = tuple(known)
        self.later = tuple(later)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Show the names that work."""
        return "[" + "|".join(self.known) + "]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name, or refuse it with the nearest known one."""
        if value in self.known:
            return str(value)
        option = param.opts[0] if isinstance(param, click.Option) else f"the {self.name}"
        if value in self.later:
            raise click.UsageError(f"{option} {value} is not available yet.")
        raise click.UsageError(
            f"{option}: there is no {self.name} {value!r}."
            f"{nearest(str(value), self.known + self.later)} "
            f"Known: {', '.join(self.known)}."
        )


class Finite(click.FloatRange):
    """A number in a range; NaN, which passes every comparison, is none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or refuse it."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
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


class Read(click.ParamType):
    """A value that `read` makes of text; what is wrong with it is the message of a ValueError."""

    name = "value"

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what is read, or refuse the text."""
        try:
            return self._read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_axes(text: str) -> str:
    """Read axes letters, such as TZYX or TC2YX, into upper case."""
    try:
        return str(parse_asked_axes(text))
    except AxesError as error:
        raise click.UsageError(str(error)) from None


def read_memory(text: str) -> int:
    """Read an amount of memory, such as 2GB or 500MiB, in bytes."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]*)\s*", text)
    factor = BYTES.get(match[2].upper()) if match else None
    if match is None or factor is None:
        raise ValueError(f"{text!r} is not an amount of memory; write 2GB, 500MB or 1.5GiB.")
    n_bytes = int(float(match[1]) * factor)
    if n_bytes < 10**6:
        raise ValueError(f"{text!r} is {n_bytes} bytes, less than 1MB; write for example 2GB.")
    return n_bytes


def read_patch(text: str) -> tuple[int, ...]:
    """Read patch edges in pixels, Y,X or Z,Y,X; one edge is that of a square."""
    if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*){0,2}", text):
        raise ValueError(f"{text!r} is not a patch size; write 64, 64,64 or 16,64,64.")
    edges = tuple(int(edge) for edge in text.split(","))
    if min(edges) < 1:
        raise ValueError(f"{text!r} has an edge of 0 px; write 64 or 16,64,64.")
    return edges * 2 if len(edges) == 1 else edges
