"""Axes that a user names where a file has other ones: rows of planes split, axes of 1 left out.

A microscope may write the planes of two channels one after the other and say of all of them that
they are time; a line scan may be a movie of planes that are one pixel high. What a user then
passes, such as ``TC2YX`` or ``YX``, is made of whatever the format gives, without reading a pixel.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..axes import AskedAxes
from ..errors import AxesError
from ..stack import LazyArray, Stack
from ..words import option
from .arrays import number_of, to_ranges

Opening = Callable[[str | None], Stack]  # opens a file with plain letters; None: with its own


def open_with_axes(opening: Opening, asked: AskedAxes) -> Stack:
    """Open a stack with the axes that a user names.

    Parameters
    ----------
    opening : callable
        Opens the file with as many letters as the format counts axes, or raises AxesError.
    asked : AskedAxes
        Where the file has these axes as they are, they are taken as they are. Otherwise an axis
        with a length is split from the one that is named before it (from the one after it, if
        none is), the last letter varying fastest; and axes of length 1 may be left out.

    Raises
    ------
    AxesError
        If the axes do not fit; other errors as `opening`.
    """
    try:
        stack = opening(asked.letters)
        problem = _misfit(stack, asked)
    except AxesError as error:
        problem = error
    if problem is None:
        return stack
    other = _split(opening, asked) if asked.lengths else _without_ones(opening, asked.letters)
    if other is None:
        raise problem
    return other


def _misfit(stack: Stack, asked: AskedAxes) -> AxesError | None:
    """What to raise where an axis of the file has another length; None if all fit."""
    for axis, length in asked.lengths.items():
        if stack.sizes[axis] != length:
            return AxesError(
                f"{stack.name}: has an axis {axis} of {stack.sizes[axis]}, not of {length}. Pass "
                f"{option('axes', asked.letters)}, or a length that fits."
            )
    return None


def _split(opening: Opening, asked: AskedAxes) -> Stack | None:
    """Open with fewer axes, and split these; None if the file does not fit them either."""
    groups = _groups(asked)
    try:
        stack = opening("".join(_carrier(group, asked.lengths) for group in groups))
    except AxesError:
        return None
    shape, spacing = [], dict(stack.spacing)
    for axis, group in zip(stack.axes, groups, strict=True):
        sizes = _sizes(group, stack.sizes[axis], asked, stack.name)
        shape.append(sizes)
        if axis == "T" and "T" in spacing:  # planes are as far apart in time as the file says
            spacing["T"] *= math.prod(sizes[group.index("T") + 1 :])
    names = [
        f"{axis} of {stack.sizes[axis]} as {' x '.join(map('{} {}'.format, group, sizes))}"
        for axis, group, sizes in zip(stack.axes, groups, shape, strict=True)
        if len(group) > 1
    ]
    return dataclasses.replace(
        stack,
        array=SplitArray(stack.array, shape),
        axes=asked.letters,
        spacing=spacing,
        notes=(*stack.notes, f"{' and '.join(names)}, as given"),
    )


def _groups(asked: AskedAxes) -> list[str]:
    """Letters that are one axis in the file: those with a length go with one that has none."""
    groups: list[str] = []
    for axis in asked.letters:
        joins = groups and axis not in "YX" and groups[-1] not in "YX"
        led = joins and not set(groups[-1]) <= set(asked.lengths)  # it has one without a length
        if joins and (axis in asked.lengths or not led):
            groups[-1] += axis
        else:
            groups.append(axis)
    return groups


def _carrier(group: str, lengths: Mapping[str, int]) -> str:
    """The letter that stands for a whole group: the one without a length, else the first."""
    return next((axis for axis in group if axis not in lengths), group[0])


def _sizes(group: str, n_planes: int, asked: AskedAxes, name: str) -> list[int]:
    """Lengths of the axes that an axis of `n_planes` is split into."""
    known = math.prod(asked.lengths.get(axis, 1) for axis in group)
    rest = n_planes // known
    sizes = [asked.lengths.get(axis, rest) for axis in group]
    if math.prod(sizes) != n_planes or not rest:
        raise AxesError(
            f"{name}: its {n_planes} planes are no multiple of {known}, which "
            f"{option('axes', asked)} asks for. Pass lengths that fit; if the recording was "
            "stopped in between, leave out its last planes first."
        )
    return sizes


def _without_ones(opening: Opening, letters: str) -> Stack | None:
    """Open with the file's own axes and leave out those of length 1; None if they do not fit."""
    try:
        stack = opening(None)
    except AxesError:
        return None
    kept = [axis for axis, size in stack.sizes.items() if size > 1]
    if len(kept) != len(letters):
        return None
    same = {axis for axis, own in zip(letters, kept, strict=True) if axis == own}
    return dataclasses.replace(
        stack,
        array=SplitArray(stack.array, [[n] if n > 1 else [] for n in stack.sizes.values()]),
        axes=letters,
        # lines that were times are as far apart as frames were, which is no distance of rows
        spacing={axis: value for axis, value in stack.spacing.items() if axis in same},
        notes=(*stack.notes, f"axes {letters} as given, in place of the file's own {stack.axes}"),
    )


class SplitArray:
    """A lazy array with each axis split into several, or into none where its length is 1.

    Parameters
    ----------
    array : LazyArray
    shape : sequence of sequence of int
        For each axis of `array` the lengths that it is split into, the fastest last.
    """

    def __init__(self, array: LazyArray, shape: Sequence[Sequence[int]]) -> None:
        self._array = array
        self._groups = [tuple(sizes) for sizes in shape]
        self.shape = tuple(itertools.chain.from_iterable(self._groups))
        self.dtype = array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        ranges, is_number = to_ranges(key, self.shape)
        values = np.empty([len(chosen) for chosen in ranges], self.dtype)
        left = iter(ranges)
        parts = [_parts(sizes, list(itertools.islice(left, len(sizes)))) for sizes in self._groups]
        for choice in itertools.product(*parts):
            place = tuple(itertools.chain.from_iterable(at for at, _ in choice))
            values[place] = self._array[tuple(inner for _, inner in choice)]
        return values[tuple(0 if number else slice(None) for number in is_number)]


def _parts(sizes: Sequence[int], chosen: Sequence[range]) -> list[tuple[tuple[Any, ...], Any]]:
    """What to read of one axis: its place in the result, and the index in the array."""
    if len(sizes) == 1:
        (only,) = chosen
        return [((slice(None),), slice(only.start, only.stop, only.step))]
    return [
        (place, number_of(place, chosen, sizes))
        for place in np.ndindex(*(len(one) for one in chosen))
    ]
