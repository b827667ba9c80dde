"""Planes of a restored, a clean and a noisy file side by side, read one at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import StackError
from ..stack import LARGEST_COUNT, Stack
from ..words import option


@dataclass(frozen=True, eq=False)
class Planes:
    """One place in all files."""

    clean: np.ndarray  # shape (Y, X): counts
    # by role, shape (Y, X): "restored" and, if there is one, "noisy"
    others: Mapping[str, np.ndarray]
    valid: np.ndarray  # bool, shape (Y, X): True where there is an image in all of them
    has_strips: bool = False  # whether some of it lies in strips
    n_gaps: int = 0  # pixels of the noisy plane that are no data, strips aside
    # by role, shape (N, 2): Y and X of pixels that are NaN, infinite or too large,
    # outside strips
    broken: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class SideBySide:
    """Files of equal sizes.

    Raises
    ------
    StackError
        If sizes differ.
    """

    stacks: Mapping[str, Stack]  # by role: axes of length 1 may be missing
    # returns where a clean or noisy plane holds an image, as `prepare.strips.outside_strips`; None:
    # zeros are data
    find_real: Callable[[np.ndarray], np.ndarray] | None = None
    # returns where a noisy plane holds data, as `prepare.gaps.find_data`; None: all of it is taken
    # for data. Even parts of a clean plane are no fills, so it is not asked.
    find_data: Callable[[np.ndarray], np.ndarray] | None = None
    # returns pixels of a clean plane that stand alone, shape (N, 2), as
    # `prepare.gaps.find_lone_pixels`; None: none is looked for
    find_lone: Callable[[np.ndarray], np.ndarray] | None = None
    # all counts as uint16, wrapped as NumPy's cast does on x86, and strips kept
    legacy: bool = False

    def __post_init__(self) -> None:
        for role, stack in self.stacks.items():
            if not are_equal_in_size(stack, self.clean):
                raise StackError(
                    f"{describe_misfit(stack, role, self.clean, 'clean')} Give files of equal "
                    f"sizes, or the right {option('axes')}."
                )

    @property
    def clean(self) -> Stack:
        """The truth, whose axes and order are those of the results."""
        return self.stacks["clean"]

    def groups(self) -> Iterator[list[dict[str, int]]]:
        """Yield the places of the frames that follow each other; without T each by itself."""
        series: dict[tuple[int, ...], list[dict[str, int]]] = {}
        for place in self.clean.places():
            series.setdefault(tuple(v for a, v in place.items() if a != "T"), []).append(place)
        yield from series.values()

    def read(self, place: Mapping[str, int]) -> Planes:
        """Read one place."""
        planes = {role: stack.plane(place) for role, stack in self.stacks.items()}
        real = np.ones(planes["clean"].shape, bool)
        if self.find_real is not None and not self.legacy:
            for role in planes.keys() & {"clean", "noisy"}:
                real &= self.find_real(planes[role])
        has_strips, n_gaps = not real.all(), 0
        if self.find_data is not None and "noisy" in planes and not self.legacy:
            n_real = np.count_nonzero(real)
            real &= self.find_data(planes["noisy"])
            n_gaps = n_real - np.count_nonzero(real)
        broken = {}
        valid = real.copy()
        for role, plane in planes.items():
            if plane.dtype.kind == "f":
                bad = real & ~(np.abs(plane) <= LARGEST_COUNT)  # true for NaN
                if bad.any():
                    broken[role] = np.argwhere(bad)
                    valid &= ~bad
        if self.legacy:
            planes = {role: as_uint16(plane) for role, plane in planes.items()}
        return Planes(planes.pop("clean"), planes, valid, has_strips, n_gaps, broken)


def require_result(restored: Stack, other: Stack) -> None:
    """Raise StackError if a restored file shows nothing, although the other one does.

    Both are read only as far as the first plane that shows something.
    """
    if _only_value(restored) is None or _only_value(other) is not None:
        return
    raise StackError(
        f"{restored.name}: every pixel is {_only_value(restored):g}, although {other.name} shows "
        "an image, so it is no restored one. Restore it anew, or name another file."
    )


def _only_value(stack: Stack) -> float | None:
    """The one value of all pixels that are numbers, NaN if none is one; None if they differ."""
    low, high = math.inf, -math.inf
    for _, plane in stack.planes():
        values = plane[np.isfinite(plane)] if plane.dtype.kind == "f" else plane
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
        if high > low:
            return None
    return low if high == low else math.nan


def are_equal_in_size(one: Stack, other: Stack) -> bool:
    """Whether two stacks have equal sizes; axes of length 1 may be missing in one."""
    first, second = ({a: n for a, n in s.sizes.items() if n > 1} for s in (one, other))
    return first == second


def describe_misfit(stack: Stack, role: str, other: Stack, other_role: str) -> str:
    """Say in a sentence that the sizes of two stacks differ, each called by its role."""
    first, second = (" x ".join(map(str, one.array.shape)) for one in (stack, other))
    return (
        f"{stack.name}: the {role} file has axes {stack.axes} of sizes {first}, but the "
        f"{other_role} one {other.name} has {other.axes} of {second}."
    )


def as_uint16(plane: np.ndarray) -> np.ndarray:
    """Cast as NumPy does on x86: fractions cut off, and what does not fit wrapped."""
    if plane.dtype.kind == "f":
        whole = np.abs(plane) < 2**31  # false for NaN
        plane = np.where(whole, plane, 0).astype(np.int64)
    return plane.astype(np.uint16)
