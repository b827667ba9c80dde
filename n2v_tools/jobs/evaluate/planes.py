"""The planes of a restored, a clean and a noisy file side by side, read one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import StackError
from ...prepare.strips import find_strips
from ...stack import Stack

LARGEST = float(np.finfo(np.float32).max)  # beyond, squares of squares overflow


@dataclass(frozen=True, eq=False)
class Planes:
    """One place in all files.

    Parameters
    ----------
    clean : ndarray, shape (Y, X)
        Counts.
    others : mapping of role to ndarray, shape (Y, X)
        "restored" and, if there is one, "noisy".
    valid : ndarray of bool, shape (Y, X)
        True where there is an image in all of them.
    has_strips : bool
        Whether some of it lies in strips.
    broken : mapping of role to ndarray, shape (N, 2)
        Y and X of pixels that are NaN, infinite or too large, outside strips.
    """

    clean: np.ndarray
    others: Mapping[str, np.ndarray]
    valid: np.ndarray
    has_strips: bool = False
    broken: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class SideBySide:
    """Files of equal sizes; `lay_side_by_side` makes it.

    Parameters
    ----------
    stacks : mapping of role to Stack
    keep_strips : bool
        Zeros are data.
    legacy : bool
        All counts as uint16, wrapped as NumPy's cast does on x86, and strips kept.
    """

    stacks: Mapping[str, Stack]
    keep_strips: bool = False
    legacy: bool = False

    @property
    def clean(self) -> Stack:
        """The truth, whose axes and order are those of the results."""
        return self.stacks["clean"]

    def groups(self) -> Iterator[list[dict[str, int]]]:
        """Yield the places of the frames that follow each other; without T each by itself."""
        places = list(self.clean.places())
        series: dict[tuple[int, ...], list[dict[str, int]]] = {}
        for place in places:
            series.setdefault(tuple(v for a, v in place.items() if a != "T"), []).append(place)
        yield from series.values()

    def read(self, place: Mapping[str, int]) -> Planes:
        """Read one place."""
        planes = {role: stack.plane(place) for role, stack in self.stacks.items()}
        real = np.ones(planes["clean"].shape, bool)
        if not (self.keep_strips or self.legacy):
            strips = find_strips(planes["clean"])
            if "noisy" in planes:
                strips = strips | find_strips(planes["noisy"])
            real[strips.rows] = False
            real[:, strips.columns] = False
        broken = {}
        valid = real.copy()
        for role, plane in planes.items():
            if plane.dtype.kind == "f":
                bad = real & ~(np.abs(plane) <= LARGEST)  # true for NaN
                if bad.any():
                    broken[role] = np.argwhere(bad)
                    valid &= ~bad
        if self.legacy:
            planes = {role: as_uint16(plane) for role, plane in planes.items()}
        return Planes(planes.pop("clean"), planes, valid, not real.all(), broken)


def lay_side_by_side(
    stacks: Mapping[str, Stack], *, keep_strips: bool = False, legacy: bool = False
) -> SideBySide:
    """Check that the files have equal sizes; axes of length 1 may be missing.

    Raises
    ------
    StackError
        If sizes differ.
    """
    clean = stacks["clean"]
    for role, stack in stacks.items():
        if _sizes(stack) != _sizes(clean):
            raise StackError(
                f"{stack.name}: the {role} file has axes {stack.axes} of sizes "
                f"{_text(stack)}, but the clean one {clean.name} has {clean.axes} of "
                f"{_text(clean)}. Give files of equal sizes, or the right --axes."
            )
    return SideBySide(stacks, keep_strips, legacy)


def as_uint16(plane: np.ndarray) -> np.ndarray:
    """Cast as NumPy does on x86: fractions cut off, and what does not fit wrapped."""
    if plane.dtype.kind == "f":
        whole = np.abs(plane) < 2**31  # false for NaN
        plane = np.where(whole, plane, 0).astype(np.int64)
    return plane.astype(np.uint16)


def _sizes(stack: Stack) -> dict[str, int]:
    return {axis: n for axis, n in stack.sizes.items() if n > 1 or axis in "YX"}


def _text(stack: Stack) -> str:
    return " x ".join(map(str, stack.array.shape))
