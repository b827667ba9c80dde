"""Warnings about a file apart from its noise: what may spoil a denoising, and what to do.

Tests: ``tests/cli/test_cli_inspect.py``.
"""

from __future__ import annotations

import numpy as np

from ...axes import LEAST_EDGE_PX
from ...prepare.patch_plan import why_too_small
from ...prepare.survey import Survey, gaps_text
from ...report.plain import count_text
from ...stack import Stack
from ...words import option
from .advice import PATCH_PX

FEW_LEVELS = 64
BITS = range(8, 17)  # of detectors
MANY_SATURATED_PERCENT = 0.01
LARGEST, SMALLEST_STD = 1e15, 1e-15
PILE = 10  # times as many pixels as at any of the levels below


def find_warnings(
    stack: Stack,
    survey: Survey,
    saturated: float,
    *,
    axes_given: bool,
    levels_judged: bool = False,
) -> list[str]:
    """List what a user should know before training on a stack.

    `saturated` is a percentage of the pixels. `axes_given` says whether the user named the axes,
    and `levels_judged` whether grey levels were compared with the noise already.
    """
    found = list(stack.warnings)
    if survey.n_nonfinite:
        are = "pixel is" if survey.n_nonfinite == 1 else "pixels are"
        found.append(
            f"{survey.n_nonfinite} {are} NaN or infinite, the first at "
            f"{survey.first_nonfinite}: mend the file or pass {option('nan', 'fill')}"
        )
    if not survey.n_pixels:
        what = "NaN or infinite" if survey.n_nonfinite else "zero"
        return [*found, f"every pixel is {what}: there is nothing to learn from"]
    if survey.minimum == survey.maximum:
        return [*found, f"every pixel is {survey.minimum:g}: there is nothing to learn from"]
    found += [
        f"channel {c} is {survey.mean[c]:g} throughout: it will be left as it is, and the others "
        "are learned"
        for c in range(len(survey.mean))
        if c not in image_channels(survey)
    ]
    if beyond_single(survey):
        found.append(
            f"values reach {survey.maximum:.3g} with a deviation of {max(survey.std):.3g}, so that "
            "the noise cannot be measured: rescale the file to usual counts"
        )
    if survey.n_levels < FEW_LEVELS and not levels_judged:
        found.append(
            f"only {count_text(survey.n_levels, 'grey level')}: the noise is cut into coarse "
            "steps, as after rescaling to fewer bits; use the raw file if there is one"
        )
    if saturated >= MANY_SATURATED_PERCENT:
        found.append(
            f"{saturated:.2g} % of the pixels are at {survey.maximum:g}, {_top(survey.maximum)}: "
            "what is saturated cannot be restored"
        )
    if survey.has_gaps:
        found.append(gaps_text(survey))
    if not {"Y", "X"} & set(stack.spacing):
        found.append("no pixel size in the file: the output will have none either")
    if _may_be_time(stack) and not axes_given:
        found.append(
            f"{stack.sizes['Z']} planes without a Z spacing: if they are time points saved as Z, "
            f"pass {option('axes', stack.axes.replace('Z', 'T'))}"
        )
    return [*found, *_size_warnings(stack)]


def saturated_percent(
    stack: Stack, survey: Survey, histogram: tuple[np.ndarray, np.ndarray] | None
) -> float:
    """Share of the real pixels that are at the top of the detector's range, in percent.

    The survey is of the whole stack. The histogram has values and their numbers in a part of it:
    where they pile up at the largest value, that is the top, whatever it is.
    """
    if not survey.n_pixels:
        return 0.0
    piled = histogram is not None and _piles_up(*histogram, survey.maximum)
    whole = stack.dtype.kind == "u" and _bits(survey.maximum) > 0
    return 100 * survey.n_at_maximum / survey.n_pixels if whole or piled else 0.0


def image_channels(survey: Survey) -> list[int]:
    """Numbers of the channels whose pixels are not all of one value."""
    return [c for c, std in enumerate(survey.std) if std > 0]


def beyond_single(survey: Survey) -> bool:
    """Whether values are so large, or so small, that their squares leave single precision."""
    largest = max(abs(survey.minimum), abs(survey.maximum))
    return not SMALLEST_STD < max(survey.std) or largest > LARGEST


def too_small(stack: Stack) -> bool:
    """Whether n2v-train refuses planes of this size."""
    return min(stack.sizes["Y"], stack.sizes["X"]) < LEAST_EDGE_PX


def _bits(maximum: float) -> int:
    """Bits of a detector that saturates at `maximum`; 0 if it is not such a number."""
    return next((n for n in BITS if maximum == 2**n - 1), 0)


def _piles_up(levels: np.ndarray, counts: np.ndarray, maximum: float) -> bool:
    """Whether many more pixels are at the largest value than just below it."""
    if len(levels) < FEW_LEVELS or levels[-1] != maximum:
        return False
    return bool(counts[-1] > max(PILE * counts[-6:-1].max(), 1e-4 * counts.sum()))


def _top(maximum: float) -> str:
    n_bits = _bits(maximum)
    if not n_bits:
        return "where values pile up"
    whose = "8 bits" if n_bits == 8 else f"a camera's range of {n_bits} bits"
    return f"the top of {whose}"


def _size_warnings(stack: Stack) -> list[str]:
    if too_small(stack):
        return [why_too_small(stack)]
    if min(stack.sizes["Y"], stack.sizes["X"]) < PATCH_PX:
        return [
            f"planes of {stack.sizes['Y']} x {stack.sizes['X']} px are smaller than the usual "
            f"patch of {PATCH_PX} px: n2v-train makes the patch smaller"
        ]
    return []


def _may_be_time(stack: Stack) -> bool:
    """Whether the file calls Z what is probably time: no spacing in Z, no T."""
    return (
        "Z" in stack.axes
        and "T" not in stack.axes
        and "Z" not in stack.spacing
        and stack.sizes["Z"] > 1
    )
