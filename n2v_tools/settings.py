"""Settings: frozen dataclasses that are the only place of a default.

A setting is named once, in a dataclass; the command line's ``--set``, the saved
configuration and the help all read its fields.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .errors import SettingsError
from .untrusted import parse_json
from .words import option, setting

S = TypeVar("S")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest known name, or an empty string."""
    folded = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return f" Did you mean {folded[close[0]]!r}?" if close else ""


def settings_from(kind: type[S], values: Mapping[str, Any], where: str = "") -> S:
    """Build the dataclass `kind` from named values; refuse a name that is no setting.

    Parameters
    ----------
    kind : dataclass type
        Its fields are the known settings; their annotations decide the types.
    values : mapping of str to value
        JSON values, or text as given to ``--set``.
    where : str
        Source named in messages, such as a file; empty: the option for settings, ``--set``.

    Raises
    ------
    SettingsError
        With the nearest known name, or the type a value should have.
    """
    hints = typing.get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise SettingsError(
                f"{where or option('set')}: there is no setting {name!r}.{nearest(name, known)} "
                f"Known: {', '.join(known)}."
            )
    called = {name: f"{where} {name}" if where else setting(name) for name in values}
    return kind(**{n: _coerce(v, hints[n], called[n]) for n, v in values.items()})


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """Split ``KEY=VALUE`` texts; the last value of a key wins, and ``KEY=@FILE`` is in a file."""
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise SettingsError(
                f"{option('set', text)}: write KEY=VALUE, such as {setting('epochs', 50)}."
            )
        value = value.strip()
        if value.startswith("@"):
            value = _text_of(Path(value[1:]), text)
        pairs[key.strip().replace("-", "_")] = value
    return pairs


def _text_of(path: Path, assignment: str) -> str:
    """What a file holds; SettingsError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(
            f"{option('set', assignment)}: {path} cannot be read ({why}). Name the file that holds "
            "the value, after the @."
        ) from None


def _coerce(value: Any, hint: Any, where: str) -> Any:
    """Turn JSON or text into the annotated type, or raise SettingsError."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None or (isinstance(value, str) and value.lower() == "none"):
            if type(None) in arguments:
                return None
        kinds = [a for a in arguments if a is not type(None)]
        for kind in kinds[:-1]:
            try:
                return _coerce(value, kind, where)
            except SettingsError:
                continue
        return _coerce(value, kinds[-1], where)
    if origin is typing.Literal:
        if value not in arguments:
            names = [str(argument) for argument in arguments]
            raise SettingsError(
                f"{where}: {value!r} is not one of {', '.join(names)}.{nearest(str(value), names)}"
            )
        return value
    if origin is tuple:
        return _coerce_tuple(value, arguments, where)
    return _coerce_scalar(value, hint, where)


def _coerce_tuple(value: Any, arguments: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        try:
            value = parse_json(value if value.startswith("[") else f"[{value}]")
        except ValueError as error:
            why = "" if isinstance(error, json.JSONDecodeError) else f" ({error})"
            raise SettingsError(
                f"{where}: {value!r:.60} is no list{why}; write 16,64,64."
            ) from None
    if not isinstance(value, (list, tuple)):
        value = [value]
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_coerce(v, arguments[0], where) for v in value)
    if len(value) != len(arguments):
        raise SettingsError(f"{where}: {len(arguments)} values are needed, not {len(value)}.")
    return tuple(_coerce(v, a, where) for v, a in zip(value, arguments, strict=True))


def _coerce_scalar(value: Any, hint: Any, where: str) -> Any:
    if hint is Any:
        return value
    if hint is bool:
        known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if isinstance(value, bool):
            return value
        if str(value).lower() in known:
            return known[str(value).lower()]
        raise SettingsError(f"{where}: {value!r} is neither true nor false.")
    if isinstance(value, bool) and hint in (int, float):
        raise SettingsError(f"{where}: {value!r} is no number.")
    if hint is int and isinstance(value, float) and not value.is_integer():
        raise SettingsError(f"{where}: {value!r} is no whole number.")
    if hint in (int, float, str):
        try:
            return hint(value)
        except (TypeError, ValueError):
            kind = {int: "whole number", float: "number", str: "text"}[hint]
            raise SettingsError(f"{where}: {value!r} is no {kind}.") from None
    raise TypeError(f"{where}: settings of type {hint} are not supported")
