"""Arguments of a call, turned into what a job is asked for.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..errors import UsageError
from ..methods.table import own_options
from ..settings import nearest
from ..stack import Stack
from .opening import Source, find, open_stack


def checked(
    options: Mapping[str, Any],
    kind: type,
    named: Collection[str],
    choices: Mapping[str, Sequence[Any]],
) -> dict[str, Any]:
    """Return options that exist and have a value they can take.

    Parameters
    ----------
    options : mapping
        As given by keyword; None means not given.
    kind : type
        Request whose fields are options.
    named : collection of str
        Fields that are not, or are arguments of their own.
    choices : mapping of name to values
        Of options that take one of a few.

    Raises
    ------
    UsageError
        With the nearest name or value there is.
    """
    known = {*choices, *(field.name for field in dataclasses.fields(kind))} - {*named}
    for name, value in options.items():
        if name not in known:
            raise UsageError(
                f"there is no option {name!r}.{nearest(name, known)} Known: "
                f"{', '.join(sorted(known))}."
            )
        if value is not None and value not in choices.get(name, (value,)):
            values = [str(choice) for choice in choices[name]]
            raise UsageError(
                f"{name} is {value!r}; it is one of {', '.join(values)}."
                f"{nearest(str(value), values)}"
            )
    return {name: value for name, value in options.items() if value is not None}


def with_own_options(
    options: Mapping[str, Any], settings: Mapping[str, Any] | None, kind: str
) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """Options without those that methods bring, and the settings with them.

    `kind` is as for `own_options`. UsageError if one is given as both.
    """
    rest = dict(options)
    given = {name: rest.pop(name) for name in own_options(kind) if name in rest}
    own = {name: value for name, value in given.items() if value is not None and value is not False}
    both = sorted(own.keys() & (settings or {}).keys())
    if both:
        raise UsageError(f"{both[0]} is given as an option and in settings; give one.")
    return rest, {**(settings or {}), **own} if own else settings


def paths_or_stacks(sources: Sequence[Source], axes: str | None) -> tuple[str | Stack, ...]:
    """Return paths as they are, since one may name many files, and anything else opened."""
    return tuple(
        find(source) if isinstance(source, (str, os.PathLike)) else open_stack(source, axes)
        for source in sources
    )


def call_words(function: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the call as words, where a command keeps its command line in what it makes."""
    arguments = (f"{name}={value!r}" for name, value in given.items() if value is not None)
    return (f"n2v_tools.{function}", *arguments)
