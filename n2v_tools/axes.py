"""Axes as letters; no other module spells them out.

T time, C channel, Z depth, Y row, X column. Other letters that file formats use
(S for RGB samples, Q and I for "some other sequence") are translated or refused
where a file is opened, never passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import AxesError
from .words import option

LETTERS = "TCZYX"
IMAGEJ_ORDER = "TZCYX"
MODEL_AXES = ("YX", "ZYX", "TYX")
LEAST_EDGE_PX = 16  # of a plane: less shows neither noise nor structure to learn from


@dataclass(frozen=True)
class AskedAxes:
    """Axes as a user names them: ``TC2YX`` says that every second plane along T is a channel."""

    letters: str  # of ``TCZYX``, such as ``TCYX``
    lengths: Mapping[str, int]  # of the letters that a number follows, such as ``{"C": 2}``

    def __str__(self) -> str:
        return "".join(f"{letter}{self.lengths.get(letter, '')}" for letter in self.letters)


def parse_axes(text: str) -> str:
    """Check letters given by a user and return them in upper case.

    Parameters
    ----------
    text : str
        Such as ``"TZYX"`` or ``"yx"``; S (RGB samples) is taken as C.

    Raises
    ------
    AxesError
        If a letter is unknown or repeated, or Y or X is missing.
    """
    asked = option("axes", text)
    axes = text.strip().upper().replace("S", "C")
    wrong = [letter for letter in axes if letter not in LETTERS]
    if wrong:
        raise AxesError(
            f"{asked}: {wrong[0]!r} is no axis. Use letters of T (time), C (channel), Z (depth), "
            f"Y (row), X (column), such as {option('axes', 'TZYX')}."
        )
    if len(set(axes)) != len(axes):
        raise AxesError(f"{asked}: a letter stands twice. Name each axis once, such as TZYX.")
    if not {"Y", "X"} <= set(axes):
        raise AxesError(
            f"{asked}: every image has Y and X. Name both, such as {option('axes', 'ZYX')}."
        )
    return axes


def parse_asked_axes(text: str) -> AskedAxes:
    """Check axes given by a user, in which a number after T, C or Z is the length of that axis.

    Parameters
    ----------
    text : str
        Such as ``"TC2YX"``: as in `parse_axes`, with numbers.

    Raises
    ------
    AxesError
        As `parse_axes`; or if a number does not follow T, C or Z, or is 0.
    """
    pairs = re.findall(r"([^\d\s])(\d*)", text)
    if "".join(letter + digits for letter, digits in pairs) != text.strip():
        parse_axes(text)  # names the digit or the space that stands where a letter should
    letters = parse_axes("".join(letter for letter, _ in pairs))
    lengths = {
        axis: int(digits) for axis, (_, digits) in zip(letters, pairs, strict=True) if digits
    }
    wrong = [axis for axis, length in lengths.items() if axis in "YX" or not length]
    if wrong:
        raise AxesError(
            f"{option('axes', text)}: {wrong[0]}{lengths[wrong[0]]} is no length. Write a number "
            "of 1 or more after T, C or Z only, where planes of several axes stand in one row in "
            f"the file, such as {option('axes', 'TC2YX')}."
        )
    return AskedAxes(letters, lengths)


def require_axes(axes: str, shape: Sequence[int], where: str) -> None:
    """Raise AxesError, with the letters to pass, unless `axes` are valid and as many as the sizes.

    `where` is the file or stack named in the message.
    """
    parse_axes(axes)
    if len(axes) != len(shape):
        example = {2: "YX", 3: "ZYX", 4: "TZYX", 5: "TCZYX"}.get(len(shape), "TCZYX")
        sizes = " x ".join(map(str, shape))
        raise AxesError(
            f"{where}: axes {axes!r} name {len(axes)} axes, but the file holds {len(shape)}, "
            f"of sizes {sizes}. Pass {option('axes')} with {len(shape)} letters, for example "
            f"{option('axes', example)}."
        )


def outer_axes(axes: str, inner: str) -> str:
    """Letters of `axes` that are not in `inner`, in order: what a model loops over."""
    return "".join(letter for letter in axes if letter not in inner)


def axes_of_line_scans(sizes: Mapping[str, int]) -> str:
    """Axes by which lines that were scanned over time, or through depth, make images.

    Parameters
    ----------
    sizes : mapping of axis letter to int
        Of a stack, in its order, such as ``{"T": 400, "Y": 1, "X": 512}``.

    Returns
    -------
    axes : str
        With the longest other axis in place of a Y or X that is shorter than 16 px, such as
        ``"YX"`` or, where there are several lines, ``"YTX"``; empty where the planes are not so
        small, or no other axis is long enough.
    """
    short, other = sorted("YX", key=lambda axis: sizes[axis])
    long = max((axis for axis in sizes if axis in "TZ"), key=lambda axis: sizes[axis], default="")
    edges = [sizes[other], sizes[long]] if long else [0]
    if sizes[short] >= LEAST_EDGE_PX or min(edges) < LEAST_EDGE_PX:
        return ""
    renamed = {long: short, short: long if sizes[short] > 1 else ""}
    return "".join(renamed.get(axis, axis) for axis in sizes)
