"""Axes of a stack matched with those of a model: fields, depth and channels.

A model takes planes or volumes, one channel or several at once; whatever else a stack
has is looped over. This module says what is what, or why it cannot be; it reads nothing.

Tests: ``tests/restore/test_restore_stack.py``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol

from ..axes import outer_axes
from ..contracts import Place
from ..errors import AxesError
from ..stack import Stack
from ..words import option


class TakesAxes(Protocol):
    """What matching asks of a model or a Restorer."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def axes(self) -> str:
        """``YX``, ``ZYX`` or ``TYX``."""

    @property
    def n_channels(self) -> int:
        """Channels taken together."""


@dataclass(frozen=True)
class AxesMatch:
    """How the axes of a stack meet those of a model."""

    fields: tuple[Place, ...]  # place of each field: what is looped over
    depth: str | None  # letter of the model's first axis if it has three
    sizes: tuple[int, ...]  # of a field, in the model's axes order
    # what to add to a place for each channel that the model sees together
    channels: tuple[Place, ...]

    def planes(self, field: Place) -> list[list[Place]]:
        """Places of a field's planes, one list of channels for each plane along the depth."""
        along = [{}] if self.depth is None else [{self.depth: i} for i in range(self.sizes[0])]
        return [[{**field, **at, **channel} for channel in self.channels] for at in along]


def _renamed(axes: str, missing: str) -> str:
    """The axes with Z and T exchanged, where that gives the one that is missing."""
    other = {"Z": "T", "T": "Z"}.get(missing, missing)
    return axes.replace(other, missing)


def match_axes(stack: Stack, restorer: TakesAxes) -> AxesMatch:
    """Find out what is looped over, what is depth and what is channel.

    AxesError if the stack lacks an axis of the model, or the channels do not fit.
    """
    missing = [axis for axis in restorer.axes if axis not in stack.axes]
    if missing:
        remedy = "Use a model for YX planes"
        if _renamed(stack.axes, missing[0]) != stack.axes:
            remedy += (
                f", or, if the axes are named wrongly, pass the right ones with {option('axes')}, "
                f"such as {option('axes', _renamed(stack.axes, missing[0]))}"
            )
        elif stack.axes == "YX":
            remedy += (
                ", or, if it is one plane of a folder of them, pass the folder with "
                f"{option('axes', restorer.axes)}"
            )
        raise AxesError(
            f"{stack.name}: axes {stack.axes} have no {missing[0]}, but the model "
            f"{restorer.name} was made for {restorer.axes}. {remedy}."
        )
    sizes, n_channels = stack.sizes, restorer.n_channels
    if n_channels > 1 and sizes.get("C", 1) != n_channels:
        held = sizes.get("C", 1)
        raise AxesError(
            f"{stack.name}: axes {stack.axes} hold {held} channel{'s' * (held != 1)}, but the "
            f"model {restorer.name} needs exactly {n_channels}. Use a model with one channel, "
            f"which takes each on its own, or a stack with {n_channels} channels along C."
        )
    together = n_channels > 1
    outer = outer_axes(stack.axes, restorer.axes + ("C" if together else ""))
    numbers = itertools.product(*(range(sizes[axis]) for axis in outer))
    return AxesMatch(
        fields=tuple(dict(zip(outer, at, strict=True)) for at in numbers),
        depth=restorer.axes[0] if len(restorer.axes) == 3 else None,
        sizes=tuple(sizes[axis] for axis in restorer.axes),
        channels=tuple({"C": c} for c in range(n_channels)) if together else ({},),
    )
