"""Struct mask of a training: as asked for, or found from the noise of the stacks.

Tests: ``tests/jobs/train/test_mask.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ...contracts import Method
from ...noise.correlation import Correlation, measure_correlation
from ...noise.mask import MaskChoice, choose_mask
from ...noise.sample import read_sample
from ...stack import Stack
from ...words import option
from ..desk.progress import Progress
from .request import TrainRequest

MOST_STACKS = 6  # of many, that are looked at
DIGITS = 4


def with_struct_mask(
    method: Method, stacks: Sequence[Stack], request: TrainRequest, say: Progress
) -> tuple[Method, Mapping[str, Any] | None]:
    """Return the method with its mask decided, and what to keep of the decision.

    Parameters
    ----------
    method : Method
        If its setting ``struct_mask`` is ``auto``, the noise decides.
    stacks : sequence of Stack
        A few of them, evenly chosen, are looked at.
    request : TrainRequest
    say : Progress

    Returns
    -------
    method : Method
    record : mapping or None
        JSON values: mask, reason, confidence and profiles; None without a mask.
    """
    asked = method.settings.struct_mask
    if asked == "none":
        return method, None
    if asked != "auto":
        if method.settings.mask is None:
            say.warn(
                f"{option('struct_mask', asked)} hides only the blind spot itself, so this is as "
                f"without it. Where neighbours share noise, name a wider one, such as "
                f"{option('struct_mask', 'horizontal:5')}, or {option('struct_mask', 'auto')}."
            )
        return method, {"asked": asked, "mask": asked}
    step = max(1, -(-len(stacks) // MOST_STACKS))
    found = [_look_at(stack, request) for stack in stacks[::step]]
    choice, correlation = max(found, key=lambda one: one[0].mask.n_hidden if one[0].mask else 0)
    if len({one.mask for one, _ in found}) > 1:
        say.warn(
            f"the stacks differ in their noise (masks {', '.join(one.name for one, _ in found)}): "
            f"the widest is taken, {choice.name}"
        )
    say.note(f"struct mask {choice.name} ({choice.confidence} confidence): {choice.reason}")
    for warning in choice.warnings:
        say.warn(warning)
    decision: dict[str, Any] = {"struct_mask": choice.name}  # a setting of blind-spot methods
    settings = dataclasses.replace(method.settings, **decision)
    decided = dataclasses.replace(method, settings=settings)  # type: ignore[type-var]
    return decided, {"asked": "auto", **record_of(choice, correlation)}


def record_of(choice: MaskChoice, correlation: Correlation) -> dict[str, Any]:
    """What a model folder keeps of a mask found from the noise: JSON values."""
    along = {
        axis: [round(value, DIGITS) for value in values]
        for axis, values in correlation.along.items()
    }
    return {
        "mask": choice.name,
        "confidence": choice.confidence,
        "reason": choice.reason,
        "warnings": list(choice.warnings),
        "source": correlation.source,
        "correlation": along,
        "diagonal": None if correlation.diagonal is None else round(correlation.diagonal, DIGITS),
    }


def _look_at(stack: Stack, request: TrainRequest) -> tuple[MaskChoice, Correlation]:
    sample = read_sample(stack, request.seed, keep_strips=request.keep_strips)
    correlation = measure_correlation(sample)
    return choose_mask(correlation), correlation
