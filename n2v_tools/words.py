"""Options in messages: named by their key, spelt by whoever is being spoken to.

A message never spells an option. It asks for it by the key of the request's field, and the
command line, the Python functions and the files of a study each render it: ``--axes TYX``,
``axes='TYX'`` or ``axes: TYX``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Where a command's option and a function's keyword have different names.
KEYWORDS: Mapping[str, str] = {
    "set": "settings",
    "models": "models_dir",
    "memory": "memory_bytes",
    "range": "data_range",
    "stack": "stacks",
    "noise": "dark",
}

_TO_PYTHON: ContextVar[bool] = ContextVar("to_python", default=False)
_IN_STUDY_FILE: ContextVar[bool] = ContextVar("in_study_file", default=False)


def option(key: str, value: object = None) -> str:
    """Spell an option, with its value if there is one.

    Parameters
    ----------
    key : str
        Name of the option with underscores, such as ``keep_strips``.
    value : object, optional
        What to pass; a tuple is a list of numbers, and a path is spelt as text.

    Examples
    --------
    >>> option("patch", (16, 64, 64))
    '--patch 16,64,64'
    >>> in_python(option)("patch", (16, 64, 64))
    'patch=(16, 64, 64)'
    """
    if _IN_STUDY_FILE.get():
        return _line_of_file(key, value)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if _TO_PYTHON.get():
        name = KEYWORDS.get(key, key)
        return name if value is None else f"{name}={value!r}"
    name = "--" + key.replace("_", "-")
    if value is None:
        return name
    return f"{name} {_as_word(value)}"


def flag(key: str) -> str:
    """Spell an option that is given or not: ``--overwrite`` or ``overwrite=True``."""
    if _IN_STUDY_FILE.get():
        return _line_of_file(key, "true")
    return option(key, True) if _TO_PYTHON.get() else option(key)


def setting(name: str, value: object = None) -> str:
    """Spell a setting of a method.

    Parameters
    ----------
    name : str
        Field of the method's settings.
    value : object, optional
        Left out, it stands for any.

    Examples
    --------
    >>> setting("epochs", 50)
    '--set epochs=50'
    >>> in_python(setting)("epochs", 50)
    "settings={'epochs': 50}"
    """
    if _IN_STUDY_FILE.get():
        return _line_of_file(name, value)
    if _TO_PYTHON.get():
        return f"settings={{{name!r}: {'...' if value is None else repr(value)}}}"
    return f"--set {name}" if value is None else f"--set {name}={_as_word(value)}"


def spoken_in_python() -> bool:
    """Whether messages are for a caller in Python rather than at a command line."""
    return _TO_PYTHON.get()


def in_python(function: Callable[P, R]) -> Callable[P, R]:
    """Let everything that happens in `function` speak of keywords instead of options."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _TO_PYTHON.set(True)
        try:
            return function(*args, **kwargs)
        finally:
            _TO_PYTHON.reset(token)

    return wrapped


def at_the_command_line(function: Callable[P, R]) -> Callable[P, R]:
    """Let what happens in `function` speak of options, whoever is being spoken to."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _TO_PYTHON.set(False)
        try:
            return function(*args, **kwargs)
        finally:
            _TO_PYTHON.reset(token)

    return wrapped


@contextmanager
def in_study_files() -> Iterator[None]:
    """Let everything that happens inside speak of lines of a study file instead of options.

    Examples
    --------
    >>> with in_study_files():
    ...     setting("patch_px", (16, 64, 64))
    'patch_px: [16, 64, 64]'
    """
    token = _IN_STUDY_FILE.set(True)
    try:
        yield
    finally:
        _IN_STUDY_FILE.reset(token)


def _line_of_file(key: str, value: object) -> str:
    if value is None:
        return key
    return f"{key}: {list(value) if isinstance(value, tuple) else value}"


def _as_word(value: object) -> object:
    """Spell a value as a word of a command line."""
    if value == "":
        return "''"
    return ",".join(map(str, value)) if isinstance(value, tuple) else value
