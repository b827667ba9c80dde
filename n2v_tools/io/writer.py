"""The one way to write an image: plane by plane, in the format that its layout asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from .layout import Layout
from .publish import require_free_name, require_space
from .table import find_format


class PlaneWriter(Protocol):
    """Takes the planes of one stack."""

    axes: str  # axes in the order the file holds them
    notes: tuple[str, ...]  # what a user should hear ("written as OME-TIFF: ...")

    def write(self, place: Mapping[str, int], plane: np.ndarray) -> None:
        """Write one plane, from any thread.

        Parameters
        ----------
        place : mapping of axis letter to int
            Where the plane belongs, such as ``{"T": 3, "Z": 0}``; axes of length 1
            may be left out.
        plane : ndarray of shape (Y, X)
            Of the layout's dtype.

        Raises
        ------
        OutputError
            If the disk is full or fails.
        ValueError
            If the place, shape or dtype do not fit the layout.
        """


@contextmanager
def create_stack(
    path: str | Path, layout: Layout, *, overwrite: bool = False
) -> Iterator[PlaneWriter]:
    """Write a stack; it appears under `path` on a clean exit, and never before.

    Parameters
    ----------
    path : str or Path
        Final name; its folder is made if missing.
    layout : Layout
        What the file will hold.
    overwrite : bool
        Whether a file of that name may be replaced.

    Yields
    ------
    writer : PlaneWriter
        Must be given every plane, in any order.

    Raises
    ------
    OutputError
        If the name is taken, the disk too small or full, or the folder unwritable.
    """
    target = Path(path)
    row = find_format(layout.format)
    plan = row.load("planner")(layout)
    require_free_name(target, overwrite=overwrite)
    require_space(target.parent, plan.n_bytes)
    with row.load("writer")(target, plan, overwrite=overwrite) as writer:
        yield writer


def output_bytes(layout: Layout) -> int:
    """Return the size of the file that `layout` becomes, in bytes, rounded up."""
    return int(find_format(layout.format).load("planner")(layout).n_bytes)
