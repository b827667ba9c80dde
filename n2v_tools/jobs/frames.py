"""One frame of a movie, or one channel, as a stack of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import AxesError, StackError
from ..stack import LazyArray, Stack


class FrameArray:
    """A lazy array with one axis fixed at one index.

    Parameters
    ----------
    array : LazyArray
        Any shape.
    axis, index : int
        Position of the axis that disappears, and where along it.
    """

    def __init__(self, array: LazyArray, axis: int, index: int) -> None:
        self._array = array
        self._axis = axis
        self._index = index
        self.shape = array.shape[:axis] + array.shape[axis + 1 :]
        self.dtype = array.dtype
        self.files = getattr(array, "files", ())

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = list(key) if isinstance(key, tuple) else [key]
        keys += [slice(None)] * (len(self.shape) - len(keys))
        return self._array[(*keys[: self._axis], self._index, *keys[self._axis :])]


def take_frame(stack: Stack, frame: int) -> Stack:
    """Return time point `frame` of a stack, without its T axis; nothing is read.

    Parameters
    ----------
    stack : Stack
        Any stack with a T axis.
    frame : int
        Counted from 0.

    Raises
    ------
    AxesError
        If there is no T axis.
    StackError
        If there is no such frame.
    """
    if "T" not in stack.axes:
        raise AxesError(
            f"{stack.name}: axes {stack.axes} have no T, so there is no --frame {frame}. Leave "
            "--frame out, or name the time axis with --axes, such as --axes TYX."
        )
    n_frames = stack.sizes["T"]
    if not 0 <= frame < n_frames:
        raise StackError(
            f"{stack.name}: there is no --frame {frame}: T has {n_frames}, counted from 0. Give 0 "
            f"to {n_frames - 1}."
        )
    return _without(stack, "T", frame)


def take_channel(stack: Stack, channel: int) -> Stack:
    """Return one channel of a stack, without its C axis; nothing is read.

    Parameters
    ----------
    stack : Stack
        One without C is its own only channel.
    channel : int
        Counted from 0; must be there.
    """
    return _without(stack, "C", channel) if "C" in stack.axes else stack


def _without(stack: Stack, axis: str, index: int) -> Stack:
    return dataclasses.replace(
        stack,
        array=FrameArray(stack.array, stack.axes.index(axis), index),
        axes=stack.axes.replace(axis, ""),
        spacing={letter: value for letter, value in stack.spacing.items() if letter != axis},
    )


def plane_at(stack: Stack, place: Mapping[str, int]) -> np.ndarray:
    """Read a plane of a stack that may lack axes of length 1."""
    return stack.plane({axis: place.get(axis, 0) for axis in stack.axes if axis not in "YX"})
