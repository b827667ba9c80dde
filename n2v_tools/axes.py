"""Axes as letters; no other module spells them out.

T time, C channel, Z depth, Y row, X column. Other letters that file formats use
(S for RGB samples, Q and I for "some other sequence") are translated or refused
where a file is opened, never passed on.
"""

from __future__ import annotations

from collections.abc import Sequence

from .errors import AxesError
from .words import option

LETTERS = "TCZYX"
IMAGEJ_ORDER = "TZCYX"
MODEL_AXES = ("YX", "ZYX", "TYX")


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
