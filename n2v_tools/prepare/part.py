"""Parts of a stack as stacks of their own: one index of an axis, or some; nothing is read.

Channels that hold no image are found here, too, since they are the ones that are left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..stack import LazyArray, Stack


class PartArray:
    """A lazy array of any shape with one axis, which disappears, fixed at one index."""

    def __init__(self, array: LazyArray, axis: int, index: int) -> None:
        self._array = array
        self._axis = axis
        self._index = index
        self.shape = array.shape[:axis] + array.shape[axis + 1 :]
        self.dtype = array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = list(key) if isinstance(key, tuple) else [key]
        keys += [slice(None)] * (len(self.shape) - len(keys))
        return self._array[(*keys[: self._axis], self._index, *keys[self._axis :])]


class ChosenArray:
    """A lazy array of any shape with some indices of one axis, in their order."""

    def __init__(self, array: LazyArray, axis: int, chosen: Sequence[int]) -> None:
        self._array = array
        self._axis = axis
        self._chosen = tuple(chosen)
        self.shape = (*array.shape[:axis], len(self._chosen), *array.shape[axis + 1 :])
        self.dtype = array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = list(key) if isinstance(key, tuple) else [key]
        keys += [slice(None)] * (len(self.shape) - len(keys))
        before, at, behind = keys[: self._axis], keys[self._axis], keys[self._axis + 1 :]
        if not isinstance(at, slice):
            return self._array[(*before, self._chosen[at], *behind)]
        place = sum(isinstance(one, slice) for one in before)
        parts = [self._array[(*before, index, *behind)] for index in self._chosen[at]]
        return np.stack(parts, axis=place)


def take_channel(stack: Stack, channel: int) -> Stack:
    """Return one channel of a stack, without its C axis; one without C is its own only channel."""
    return take_index(stack, "C", channel) if "C" in stack.axes else stack


def take_index(stack: Stack, axis: str, index: int) -> Stack:
    """Return a stack without `axis`, at `index` along it (from 0); both must be there."""
    return dataclasses.replace(
        stack,
        array=PartArray(stack.array, stack.axes.index(axis), index),
        axes=stack.axes.replace(axis, ""),
        spacing={letter: value for letter, value in stack.spacing.items() if letter != axis},
    )


def take_channels(stack: Stack, channels: Sequence[int]) -> Stack:
    """Return a stack with some of its channels; it must have an axis C."""
    axis = stack.axes.index("C")
    return dataclasses.replace(stack, array=ChosenArray(stack.array, axis, channels))


def idle_channels(stack: Stack) -> dict[int, float]:
    """Find the channels that hold no image: every pixel of them has one value, which is given.

    Planes of other channels are read until one of them holds two values, usually the first. None
    is found where all channels are so, or there is one only.
    """
    n_channels = stack.sizes.get("C", 1)
    found = {c: value for c in range(n_channels) if (value := _only_value(stack, c)) is not None}
    return found if len(found) < n_channels else {}


def _only_value(stack: Stack, channel: int) -> float | None:
    """The one value of all pixels of a channel; None if there are several, or NaN."""
    values: set[float] = set()
    for place in stack.places():
        if place.get("C", 0) != channel:
            continue
        plane = stack.plane(place)
        values |= {float(plane.min()), float(plane.max())}  # NaN is not equal to itself
        if len(values) > 1:
            return None
    return values.pop()
