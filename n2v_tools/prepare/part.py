"""One index of an axis as a stack of its own; nothing is read."""

from __future__ import annotations

import dataclasses
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
