"""Checks of what a simulation is asked for; each raises a SettingsError that names the option."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import SettingsError
from ..words import option


def require_shape(
    sizes: Sequence[int], least: Sequence[int], what: str, example: tuple[int, ...]
) -> None:
    """Raise unless there are as many sizes as in `least`, none of them smaller.

    The message says what to give, such as ``"T,Y,X"``, and an example.
    """
    if len(sizes) != len(least) or any(size < low for size, low in zip(sizes, least, strict=True)):
        raise SettingsError(
            f"{option('shape', tuple(sizes))}: give {what}, such as {option('shape', example)}."
        )


def require_whole(key: str, value: int) -> None:
    """Raise unless the value of an option is 0 or more."""
    if value < 0:
        raise SettingsError(f"{option(key, value)}: give 0 or a larger whole number.")


def require_between(
    key: str, value: float, low: float, high: float, *, what: str = "", hint: str = ""
) -> None:
    """Raise unless the value of an option is within a range; NaN is refused too.

    In the message `what` and `hint` stand before and after the range.
    """
    if not low <= value <= high:
        asked = option(key, f"{value:g}")
        raise SettingsError(f"{asked}: give {what}{low:g} to {high:g}{hint}.")
