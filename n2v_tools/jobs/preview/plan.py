"""Plan of a preview: its planes, their size, and the text below them; no pixel is read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import AxesError, StackError, UsageError
from ...stack import Stack
from ...words import option
from .request import (
    LEAST_EDGE_PX,
    LEAST_FRAMES,
    MOST_CHANNELS,
    SCALE,
    SKIP,
    STILL_EDGE_PX,
    PreviewRequest,
)

LEAST_SHOWN_PX = 8  # of the longer edge
LEAST_SHORT_PX = 8  # of the shorter edge of a long image
FIGURE_SPACE = "\u2007"  # as wide as a digit


@dataclass(frozen=True)
class Plan:
    """What is shown."""

    over: str  # axes that the movie runs over; empty for a still picture
    # of each frame, by axis letter: all axes but Y, X and C
    places: tuple[Mapping[str, int], ...]
    channels: tuple[int, ...]  # rows of the sheet
    skip: int
    shown: tuple[int, int]  # sizes (Y, X) of each image in the preview
    fixed: Mapping[str, int]  # by axis letter: axes longer than 1 that stand still, and where

    @property
    def is_still(self) -> bool:
        """Whether there is one frame only."""
        return len(self.places) == 1


def plan_preview(stack: Stack, request: PreviewRequest) -> Plan:
    """Decide what is shown of `stack`.

    Raises
    ------
    AxesError
        If it lacks an axis that was named.
    StackError
        If there is no such plane, or ``--skip`` or ``--scale`` leave too little.
    UsageError
        If options contradict each other.
    """
    over = _choose_over(stack, request)
    fixed = {
        axis: _position(stack, axis, request) for axis in stack.axes if axis not in over + "YXC"
    }
    every = [
        {**fixed, **dict(zip(over, numbers, strict=True))}
        for numbers in itertools.product(*(range(stack.sizes[axis]) for axis in over))
    ]
    skip = _choose_skip(stack, over, len(every), request)
    return Plan(
        over=over,
        places=tuple(every[::skip]),
        channels=_choose_channels(stack, request),
        skip=skip,
        shown=_choose_size(stack, is_still=len(every) == 1, scale=request.scale),
        fixed={axis: n for axis, n in fixed.items() if stack.sizes[axis] > 1},
    )


def texts_below(stack: Stack, plan: Plan, place: Mapping[str, int]) -> tuple[str, ...]:
    """Return what stands below the frame at `place`: numbers from 0, time and depth if known.

    A text is as wide in every frame, so that nothing jumps.
    """
    texts = []
    for axis in (*plan.over, *plan.fixed):
        last = stack.sizes[axis] - 1
        text = f"{axis} {place[axis]:{FIGURE_SPACE}>{len(str(last))}}"
        if axis in plan.over and (distance := _distance(stack, plan, axis, place[axis])):
            longest = len(_distance(stack, plan, axis, last))
            text += f"  {distance:{FIGURE_SPACE}>{longest}}"
        texts.append(text)
    return tuple(texts)


def _at(axis: str, number: object) -> str:
    return option("at", f"{axis}={number}")


def _choose_over(stack: Stack, request: PreviewRequest) -> str:
    for axis in request.at:
        if axis not in stack.axes:
            raise AxesError(
                f"{stack.name}: axes {stack.axes} have no {axis}, so there is no "
                f"{_at(axis, request.at[axis])}. Leave it out, or name the axes with "
                f"{option('axes')}."
            )
    if request.over is None:
        moving = [a for a in "TZ" if stack.sizes.get(a, 1) > 1 and a not in request.at]
        return moving[0] if moving else ""
    for axis in request.over:
        if axis in request.at:
            asked = f"{option('over', request.over)} and {_at(axis, '...')}"
            raise UsageError(f"{asked} contradict each other.")
        if stack.sizes.get(axis, 1) == 1:
            there = [a for a in "TZ" if stack.sizes.get(a, 1) > 1]
            remedy = f"Pass {option('over', there[0])}, or n" if there else "N"
            raise AxesError(
                f"{stack.name}: axes {stack.axes} have no {axis} longer than 1, so there is "
                f"nothing to run over. {remedy}ame the axes with {option('axes')}."
            )
    return request.over


def _position(stack: Stack, axis: str, request: PreviewRequest) -> int:
    """Where an axis stands: as asked, else in the middle."""
    size = stack.sizes[axis]
    number = request.at.get(axis, size // 2)
    if not 0 <= number < size:
        raise StackError(
            f"{stack.name}: there is no {_at(axis, number)}: {axis} has {size}, counted from 0. "
            f"Give 0 to {size - 1}."
        )
    return number


def _choose_channels(stack: Stack, request: PreviewRequest) -> tuple[int, ...]:
    if "C" in request.at:
        return (_position(stack, "C", request),)
    return tuple(range(min(MOST_CHANNELS, stack.sizes.get("C", 1))))


def _choose_skip(stack: Stack, over: str, n: int, request: PreviewRequest) -> int:
    if request.skip is None or n == 1:
        return min(SKIP, max(1, n // LEAST_FRAMES))
    if request.skip >= n:
        raise StackError(
            f"{stack.name}: {option('skip', request.skip)} leaves 1 of {n} frames along {over}. "
            f"Give at most {n - 1}, or leave it out."
        )
    return request.skip


def _choose_size(stack: Stack, *, is_still: bool, scale: float | None) -> tuple[int, int]:
    """Sizes (Y, X) in the preview; by default whole pixels are averaged, or repeated."""
    edges = stack.sizes["Y"], stack.sizes["X"]
    if scale is None:
        scale = _default_scale(max(edges), min(edges), is_still=is_still)
    shown = max(1, round(edges[0] * scale)), max(1, round(edges[1] * scale))
    if max(shown) < LEAST_SHOWN_PX:
        raise StackError(
            f"{stack.name}: {option('scale', f'{scale:g}')} leaves {shown[0]} x {shown[1]} px of "
            f"{edges[0]} x {edges[1]}. Give {min(1.0, LEAST_EDGE_PX / max(edges)):.2g} or more, or "
            "leave it out."
        )
    return shown


def _default_scale(longer: int, shorter: int, *, is_still: bool) -> float:
    edge = STILL_EDGE_PX if is_still else LEAST_EDGE_PX
    if longer < edge:
        return math.ceil(edge / longer)
    most = longer if is_still else round(1 / SCALE)
    return 1 / max(1, min(most, longer // edge, shorter // LEAST_SHORT_PX))


def _distance(stack: Stack, plan: Plan, axis: str, number: int) -> str:
    """Time or depth from the first plane, as exact as frames are apart; empty if unknown."""
    step = stack.spacing.get("T") if axis == "T" else stack.spacing_um(axis)
    if step is None:
        return ""
    unit = "s" if axis == "T" else "µm"
    last = step * (stack.sizes[axis] - 1)
    if axis == "T" and last >= 600:
        factor, unit = (3600, "h") if last >= 36000 else (60, "min")
        step /= factor
    apart = step * plan.skip
    decimals = next((n for n in range(3) if abs(round(apart, n) - apart) <= 0.02 * apart), 3)
    return f"{step * number:.{decimals}f} {unit}"
