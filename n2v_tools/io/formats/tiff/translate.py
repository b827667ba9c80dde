"""Translation of what a TIFF header says into a Stack: letters of axes, given or its own.

Tests: ``tests/io/formats/tiff/test_opener.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ....axes import LETTERS, parse_axes, require_axes
from ....errors import AxesError
from ....stack import Stack
from ....words import option
from ...arrays import TurnedOverArray

ANY = "?"  # stands for any letter in `Found.others`


@dataclass(frozen=True)
class Found:
    """What a header says, before axes are translated or overridden."""

    array: Any  # axes of length 1 outside a plane may be left out
    axes: str  # tifffile's letters, one per axis of `array`
    full: Mapping[str, int]  # all axes that the format names, with those of length 1
    facts: dict[str, Any]  # fields of the Stack that need no translation
    notes: tuple[str, ...] = ()  # what was decided on the way
    # The same pages numbered in other ways, which a user's axes may ask for: letters, array.
    others: tuple[tuple[str, Any], ...] = ()
    top: int | None = None  # what zero, which is white, stands for; None if zero is black
    why: str = ""  # why the axes are not known, where there is more to say than their letters


def to_stack(found: Found, axes: str | None, name: str) -> Stack:
    """Name the axes of what was found, as `axes` say or else its own letters.

    AxesError if they are unknown, hold no image, or do not fit, naming those to pass.
    """
    notes = list(found.notes)
    array = found.array
    if axes is not None:
        letters = parse_axes(axes)
        array = _reshaped_to(found, letters)
        require_axes(letters, array.shape, where=name)
        own = found.axes if "C" in found.axes else found.axes.replace("S", "C")
        if set(own) <= set(LETTERS) and len(own) == len(letters) and own != letters:
            notes.append(f"axes {letters} as given, in place of the file's own {own}")
    else:
        letters = _known_axes(found, name)
        if letters != found.axes:
            notes.append("S (colour samples, RGB) is taken as C")
    if found.top is not None:
        array = TurnedOverArray(array, found.top)
    return Stack(array, letters, name=name, notes=tuple(notes), **found.facts)


def _reshaped_to(found: Found, letters: str) -> Any:
    """Number the pages by the axes that a user named, where the file can be seen so."""
    array = found.array
    if len(letters) == len(array.shape):
        return array
    kept = "".join(a for a in letters if found.full.get(a, 1) > 1 or a not in found.full)
    long = "".join(a for a in found.axes if found.full.get(a, 2) > 1)
    if kept == long and all(a in found.full for a in letters):
        return array.reshaped([found.full[a] for a in letters])
    for known, other in found.others:
        if len(letters) == len(known) and all(
            one in (ANY, asked) for one, asked in zip(known, letters, strict=True)
        ):
            return other
    return array


def _known_axes(found: Found, name: str) -> str:
    letters = found.axes if "C" in found.axes else found.axes.replace("S", "C")
    is_known = set(letters) <= set(LETTERS) and len(set(letters)) == len(letters)
    if is_known and {"Y", "X"} <= set(letters):
        return letters
    sizes = " x ".join(map(str, found.array.shape))
    if is_known:
        raise AxesError(_about_lines(letters, sizes, name))
    guess = suggest_axes(letters)
    choices = option("axes", guess)
    if "Z" in guess and "T" not in guess:
        choices += f" (depth), or {option('axes', guess.replace('Z', 'T'))} (time)"
    why = found.why or f"they read {found.axes}"
    raise AxesError(
        f"{name}: holds {sizes} values, and its metadata do not say what every axis is ({why}). "
        f"Pass {choices}."
    )


def _about_lines(letters: str, sizes: str, name: str) -> str:
    """Say that a scan of lines has no rows, and what may stand for them."""
    missing = next(axis for axis in "YX" if axis not in letters)
    instead = next((axis for axis in "ZT" if axis in letters), None)
    if instead is None:
        return (
            f"{name}: holds {sizes} values, which its metadata call {letters}: one line, and no "
            f"image. Pass {option('axes')} if the metadata are wrong."
        )
    what = {"Z": "depth", "T": "time"}[instead]
    asked = option("axes", letters.replace(instead, missing))
    return (
        f"{name}: is a scan of lines: its metadata read {letters} ({sizes}), without "
        f"{missing}. Pass {asked} to take {what} as {missing}."
    )


def suggest_axes(letters: str) -> str:
    """Replace unknown letters by likely ones: in front Z, then T, then C; after X, C.

    Such letters are ``"IYX"`` or ``"QYXQ"``.
    """
    result = list(letters)
    for place, letter in enumerate(letters):
        if letter in LETTERS and letter not in letters[:place]:
            continue
        behind = "X" in letters[:place]
        order = "CZT" if behind else "ZTC"
        free = [a for a in order if a not in result]
        result[place] = free[0] if free else letter
    if sum(a in "ZT" for a in result) == 2 and not any(a in "ZT" for a in letters):
        swap = {"Z": "T", "T": "Z"}  # two unknown axes: time comes before depth
        result = [swap.get(a, a) for a in result]
    return "".join(result)
