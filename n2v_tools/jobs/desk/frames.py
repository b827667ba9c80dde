"""One frame of a movie as a stack of its own."""

from __future__ import annotations

from ...errors import AxesError, StackError
from ...prepare.part import take_channel, take_index
from ...stack import Stack
from ...words import option

__all__ = ["take_channel", "take_frame"]


def take_frame(stack: Stack, frame: int) -> Stack:
    """Return time point `frame`, from 0, of a stack, without its T axis; nothing is read.

    AxesError if there is no T axis, StackError if there is no such frame.
    """
    if "T" not in stack.axes:
        raise AxesError(
            f"{stack.name}: axes {stack.axes} have no T, so there is no {option('frame', frame)}. "
            f"Leave it out, or name the time axis, such as {option('axes', 'TYX')}."
        )
    n_frames = stack.sizes["T"]
    if not 0 <= frame < n_frames:
        raise StackError(
            f"{stack.name}: there is no {option('frame', frame)}: T has {n_frames}, counted from "
            f"0. Give 0 to {n_frames - 1}."
        )
    return take_index(stack, "T", frame)
