"""Channels that hold no image: a training leaves them out, and its model as they are."""

from __future__ import annotations

from collections.abc import Sequence

from ...prepare.part import idle_channels, take_channels
from ...prepare.patches import require_equal_channels
from ...stack import Stack
from ..desk.progress import Progress


def without_idle(
    stacks: Sequence[Stack], say: Progress
) -> tuple[tuple[Stack, ...], tuple[int, ...]]:
    """Leave out the channels that have one value throughout, such as that of a laser switched off.

    A stack in which more channels are so than in the others is left out as a whole, unless all are.

    Returns
    -------
    stacks : tuple of Stack
        With the channels that hold an image.
    left : tuple of int
        Numbers of the channels that were left out, the same in each stack.

    Raises
    ------
    StackError
        If the numbers of channels differ.
    """
    require_equal_channels(stacks)
    idle = [idle_channels(stack) for stack in stacks]
    left = tuple(sorted(set.intersection(*map(set, idle))))
    kept = [stack for stack, one in zip(stacks, idle, strict=True) if len(one) == len(left)]
    for stack, one in zip(stacks, idle, strict=True):
        for channel in sorted(one):
            value = f"{stack.name}: channel {channel} is {one[channel]:g} throughout"
            if channel in left:
                say.note(f"{value}: it will be left as it is, and the others are learned")
            elif kept:
                say.warn(f"{value}, and not in other stacks: this one is left out")
    if not left:
        return tuple(kept or stacks), ()
    learned = [c for c in range(stacks[0].sizes["C"]) if c not in left]
    return tuple(take_channels(stack, learned) for stack in kept or stacks), left
