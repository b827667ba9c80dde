"""The window of a movie that a training draws: as long as the method wants and the movies allow."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ...methods.base import Method, MovieMethod
from ...prepare.patch_plan import PatchPlan, commas, fit_patch, room_for_patches
from ...prepare.patches import can_split, too_small_to_split
from ...prepare.survey import Survey
from ...stack import Stack
from .request import TrainRequest

FEW_FRAMES = 32  # shorter movies are left out where there are longer ones
SMALLEST_PATCH_PX = 16  # of a patch made smaller unasked


def fit_window(
    request: TrainRequest,
    method: MovieMethod,
    block: int,
    stacks: Sequence[Stack],
    surveys: Sequence[Survey],
) -> tuple[tuple[int, int, int], Method, list[str]]:
    """Fit patch, window and validation of a movie method to the data.

    Parameters
    ----------
    request : TrainRequest
    method : MovieMethod
    block : int
        Y and X edges of a patch are multiples of it.
    stacks, surveys : sequences
        Movies, each with an axis T.

    Returns
    -------
    window_px : tuple of int
        Edges (T, Y, X).
    method : Method
        Its patch fits.
    notes : list of str
        What was changed, for the user.

    Raises
    ------
    StackError
        If the movies are too short or too small; what was asked for is refused, not changed.
    """
    plan = PatchPlan((1, *method.settings.patch_px[-2:]), "TYX", keep_strips=request.keep_strips)
    rooms = [
        room_for_patches(stack, survey, plan) for stack, survey in zip(stacks, surveys, strict=True)
    ]
    lengths = [room[0] for room in rooms]
    n_frames = min((n for n in lengths if n >= FEW_FRAMES), default=max(lengths))
    fit = fit_patch(
        method.settings.patch_px[-2:],
        {stack.name: room[-2:] for stack, room in zip(stacks, rooms, strict=True)},
        block,
        chosen=request.patch_chosen,
    )
    notes = [fit.note] if fit.note else []
    fitted = _with_patch(method, fit.patch_px)
    while True:
        window = fitted.window_px(n_frames)
        drawn = dataclasses.replace(plan, patch_px=window)
        if not fitted.settings.validation or can_split(stacks, surveys, drawn):
            return window, fitted, notes
        if request.patch_chosen:
            raise too_small_to_split(drawn)
        smaller = tuple(edge // 2 // block * block for edge in fitted.settings.patch_px[-2:])
        if min(smaller) < SMALLEST_PATCH_PX:
            settings = dataclasses.replace(method.settings, validation=0.0)
            without = dataclasses.replace(method, settings=settings)  # type: ignore[type-var]
            fitted = _with_patch(without, fit.patch_px)
            notes.append("the movies are too small for a validation block: trained without one")
        else:
            fitted = _with_patch(fitted, smaller)
            notes.append(
                f"patches are {commas(smaller)} px, so that a validation block fits beside them"
            )


def _with_patch(method: MovieMethod, edges: tuple[int, ...]) -> MovieMethod:
    """The method with other Y and X edges of its patch."""
    patch_px = (*method.settings.patch_px[:-2], *edges)
    settings = dataclasses.replace(method.settings, patch_px=patch_px)
    return dataclasses.replace(method, settings=settings)  # type: ignore[type-var]
