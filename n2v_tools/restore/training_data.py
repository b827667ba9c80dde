"""Comparison of a stack with what a model was trained on: warnings, never a refusal.

A net knows structure at one pixel size and grey levels around one mean; other data pass
through it without an error and come out wrong.

Tests: ``tests/restore/test_fit.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..noise.fingerprint import Print, compare, prints_of, read_fingerprint
from ..prepare.survey import survey_stack
from ..stack import MICROMETRES, Stack

if TYPE_CHECKING:
    from ..modelfolder import Model

PIXEL_SIZE_TOLERANCE = 0.2  # relative
MEAN_TOLERANCE_STDS = 3.0
STD_RATIO_TOLERANCE = 4.0
SAMPLED_PLANES = 8


@dataclass(frozen=True)
class Seen:
    """One channel of a stack, or of the data that a model learned from."""

    mean: float  # counts
    std: float  # counts; 0 where it is not known
    print: Print | None = None  # of its noise and grey levels; None where it is not known

    def mapped(self, gain: float, here: float, there: float) -> Seen:
        """The same with every value `x` at ``there + gain * (x - here)``."""
        own = None if self.print is None else self.print.mapped(gain, here, there)
        return Seen(there + gain * (self.mean - here), gain * self.std, own)


def look_at(stack: Stack, *, keep_strips: bool = False) -> list[Seen]:
    """Look at some eight planes of a stack, channel by channel; none if there is no real pixel."""
    survey = survey_stack(stack, sample_planes=SAMPLED_PLANES, keep_strips=keep_strips)
    if not survey.n_pixels:
        return []
    prints = prints_of(stack, keep_strips=keep_strips)
    return [Seen(*one) for one in zip(survey.mean, survey.std, prints, strict=True)]


def learned_by(model: Model, n_channels: int) -> list[Seen]:
    """What a model learned from, for each channel of a stack of so many.

    None at all if the model fits itself to each stack, or has other channels.
    """
    if not model.means or not model.stds:
        return []
    prints: Sequence[Print | None] = read_fingerprint(model.own.get("fingerprint")) or [None]
    stds = model.stds if model.deviation_known else [0.0] * len(model.stds)
    known = list(zip(model.means, stds, strict=True))
    for channel in model.left_channels:
        known.insert(channel, (0.0, 0.0))
    if model.n_channels == 1:
        known = known[:1] * n_channels
    if len(prints) not in (1, n_channels) or len(known) != n_channels:
        return []
    each = prints if len(prints) == n_channels else [*prints] * n_channels
    return [Seen(*one, own) for one, own in zip(known, each, strict=True)]


def check_fit(
    stack: Stack, model: Model, seen: Sequence[Seen] | None = None, *, fitted: bool = False
) -> list[str]:
    """Compare pixel size, intensity and noise with those of the training data.

    `seen` is what the model is shown, by default what `look_at` finds in the stack; if its
    intensity was `fitted`, that is not compared. The model has its ``means``, ``stds`` and what it
    recorded as pixel size and fingerprint. Warnings are one line each, without the stack's name;
    there is none if all fits or nothing is known.
    """
    warnings = _pixel_size_warnings(stack, model)
    if not model.means or not model.stds:  # it fits itself to each stack
        return warnings
    seen = look_at(stack) if seen is None else seen
    learned = learned_by(model, len(seen))
    if learned and not fitted:
        warnings += _intensity_warnings(seen, learned, model)
    if learned:
        warnings += _noise_warnings(seen, model)
    return warnings


def _pixel_size_warnings(stack: Stack, model: Model) -> list[str]:
    recorded = model.own.get("pixel_size")
    warnings = []
    for axis in (a for a in model.axes if a in "ZYX"):
        here, there = stack.spacing_um(axis), _recorded_um(recorded, axis)
        if not here or not there:
            continue
        if abs(here / there - 1) > PIXEL_SIZE_TOLERANCE:
            warnings.append(
                f"pixel size along {axis} is {here:.3g} um, but the model {model.name} was "
                f"trained at {there:.3g} um; structures will look {there / here:.2g} times larger "
                "to it. Check the result, or train on this data."
            )
    if len(warnings) > 1 and "along Y" in warnings[-2]:  # Y and X nearly always agree
        warnings.pop()
    return warnings


def _recorded_um(recorded: Any, axis: str) -> float | None:
    """Read a pixel size that anybody may have written."""
    if not isinstance(recorded, Mapping):
        return None
    value, unit = recorded.get(axis), recorded.get("unit")
    factor = MICROMETRES.get(unit) if isinstance(unit, str) else None
    if factor is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) * factor if math.isfinite(value) and value > 0 else None


def _intensity_warnings(
    seen: Sequence[Seen], learned: Sequence[Seen], model: Model
) -> Iterator[str]:
    for c, (here, there) in enumerate(zip(seen, learned, strict=True)):
        if len(seen) > 1 and not here.std:
            continue  # nothing is in it that could be spoilt
        if there.std and is_apart(here, there, MEAN_TOLERANCE_STDS, STD_RATIO_TOLERANCE):
            channel = f" of channel {c}" if len(seen) > 1 else ""
            yield (
                f"intensity{channel} is {here.mean:.5g} with deviation {here.std:.4g}, but the "
                f"model {model.name} was trained on {there.mean:.5g} with {there.std:.4g}. Check "
                "the result, or train on this data."
            )


def is_apart(here: Seen, there: Seen, most_stds: float, most_ratio: float) -> bool:
    """Whether mean or deviation are further from those of the training data than is allowed."""
    far = abs(here.mean - there.mean) > most_stds * there.std
    return far or not there.std / most_ratio <= here.std <= there.std * most_ratio


def _noise_warnings(seen: Sequence[Seen], model: Model) -> list[str]:
    """Compare with the fingerprint of the training data, if the model has a sound one."""
    prints = read_fingerprint(model.own.get("fingerprint"))
    if prints is None:
        return []
    differences = compare([one.print for one in seen if one.print], prints, model.axes)
    if not differences:
        return []
    return [
        f"{'; '.join(differences)}: the model {model.name} has not learned that. Check the "
        "result, or train on this data."
    ]
