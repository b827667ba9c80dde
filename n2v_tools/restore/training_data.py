"""Comparison of a stack with what a model was trained on: warnings, never a refusal.

A net knows structure at one pixel size and grey levels around one mean; other data pass
through it without an error and come out wrong.

Tests: ``tests/restore/test_fit.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..noise.fingerprint import compare_with, read_fingerprint
from ..prepare.survey import survey_stack
from ..stack import MICROMETRES, Stack

if TYPE_CHECKING:
    from ..modelfolder import Model

PIXEL_SIZE_TOLERANCE = 0.2  # relative
MEAN_TOLERANCE_STDS = 3.0
STD_RATIO_TOLERANCE = 4.0
SAMPLED_PLANES = 8


def check_fit(stack: Stack, model: Model) -> list[str]:
    """Compare pixel size, intensity and noise with those of the training data.

    About eight planes of the stack are read; the model has its ``means``, ``stds`` and what it
    recorded as pixel size and fingerprint. Warnings are one line each, without the stack's name;
    there is none if all fits or nothing is known.
    """
    if not model.means or not model.stds:  # it fits itself to each stack
        return _pixel_size_warnings(stack, model)
    return [
        *_pixel_size_warnings(stack, model),
        *_intensity_warnings(stack, model),
        *_noise_warnings(stack, model),
    ]


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


def _intensity_warnings(stack: Stack, model: Model) -> list[str]:
    if not model.deviation_known:
        return []
    survey = survey_stack(stack, sample_planes=SAMPLED_PLANES)
    if not survey.n_pixels:
        return []
    warnings = []
    known = list(zip(model.means, model.stds, strict=True))
    for channel in model.own.get("left_channels", ()):
        known.insert(channel, (0.0, 0.0))
    for c, (mean, std) in enumerate(zip(survey.mean, survey.std, strict=True)):
        of_model = c if model.n_channels > 1 else 0
        if of_model >= len(known):
            break  # the channels do not fit, which match_axes refuses
        mean_there, std_there = known[of_model]
        if not std_there:
            continue  # it is left as it is
        if len(survey.mean) > 1 and not std:
            continue  # nothing is in it that could be spoilt
        far = abs(mean - mean_there) > MEAN_TOLERANCE_STDS * std_there
        ratio = std / std_there
        if far or not 1 / STD_RATIO_TOLERANCE <= ratio <= STD_RATIO_TOLERANCE:
            channel = f" of channel {c}" if len(survey.mean) > 1 else ""
            warnings.append(
                f"intensity{channel} is {mean:.5g} with deviation {std:.4g}, but the model "
                f"{model.name} was trained on {mean_there:.5g} with {std_there:.4g}. Check the "
                "result, or train on this data."
            )
    return warnings


def _noise_warnings(stack: Stack, model: Model) -> list[str]:
    """Compare with the fingerprint of the training data, if the model has a sound one."""
    prints = read_fingerprint(model.own.get("fingerprint"))
    if prints is None:
        return []
    differences = compare_with(stack, prints, model.axes)
    if not differences:
        return []
    return [
        f"{'; '.join(differences)}: the model {model.name} has not learned that. Check the "
        "result, or train on this data."
    ]
