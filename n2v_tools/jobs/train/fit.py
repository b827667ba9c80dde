"""Fit of a method's patch, window and validation to the data.

What was asked for is never changed, but refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ...contracts import Method
from ...errors import StackError
from ...prepare.patch_plan import (
    PatchPlan,
    commas,
    fit_patch,
    room_for_patches,
    why_too_small,
)
from ...prepare.patches import can_split, too_small_to_split
from ...prepare.survey import Survey
from ...stack import Stack
from .request import TrainRequest

MOVIE = "TYX"  # axes of a window
FEW_FRAMES = 32  # shorter movies are left out where there are longer ones
SMALLEST_PATCH_PX = 16  # of a patch made smaller unasked


def fit_to_data(
    request: TrainRequest,
    method: Method,
    block: int,
    axes: str,
    stacks: Sequence[Stack],
    surveys: Sequence[Survey],
) -> tuple[PatchPlan, Method, list[str]]:
    """Fit patch and validation to the data; of a movie method the window, too.

    Edges of a patch are multiples of `block`; of a movie method those along Y and X. `axes` are the
    model's; for a movie method each stack has an axis T.

    Returns
    -------
    plan : PatchPlan
        Which patches, or windows of a movie, to draw.
    method : Method
        Its patch fits.
    notes : list of str
        What was changed, for the user.

    Raises
    ------
    StackError
        If the data are too small, or the movies too short.
    """
    if all(min(stack.sizes["Y"], stack.sizes["X"]) < block for stack in stacks):
        raise StackError(f"{stacks[0].name}: {why_too_small(stacks[0])}.")
    settings, movie = method.settings, method.movie_axes is not None
    asked = settings.patch_px[-2:] if movie else settings.patch_px
    plan = PatchPlan(
        (1, *asked) if movie else asked,
        MOVIE if movie else axes,
        settings.n_patches,
        settings.validation,
        request.keep_strips,
        as_on_disk=movie,
    )
    rooms = [
        room_for_patches(stack, survey, plan) for stack, survey in zip(stacks, surveys, strict=True)
    ]
    lengths = [room[0] for room in rooms]
    n_frames = min((n for n in lengths if n >= FEW_FRAMES), default=max(lengths))
    fit = fit_patch(
        asked,
        {stack.name: room[-len(asked) :] for stack, room in zip(stacks, rooms, strict=True)},
        block,
        chosen=request.patch_chosen,
    )
    notes = [fit.note] if fit.note else []
    edges, smaller_note = fit.patch_px, ""
    while True:
        fitted = _with(method, edges, plan.validation)
        window = fitted.window_px(n_frames) if movie else fitted.settings.patch_px
        plan = dataclasses.replace(plan, patch_px=window)
        if not plan.validation or can_split(stacks, surveys, plan):
            return plan, fitted, [*notes, smaller_note] if smaller_note else notes
        if request.patch_chosen:
            raise too_small_to_split(plan)
        edges = tuple(edge // 2 // block * block for edge in edges)
        smaller_note = (
            f"patches are {commas(edges)} px, so that a validation block fits beside them"
        )
        if min(edges) < SMALLEST_PATCH_PX:
            edges, plan = fit.patch_px, dataclasses.replace(plan, validation=0.0)
            what = "movies" if movie else "data"
            smaller_note = f"the {what} are too small for a validation block: trained without one"


def _with(method: Method, edges: tuple[int, ...], validation: float) -> Method:
    """The method with other edges of its patch, the last ones at least, and validation."""
    patch_px = (*method.settings.patch_px[: -len(edges)], *edges)
    settings = dataclasses.replace(method.settings, patch_px=patch_px, validation=validation)
    return dataclasses.replace(method, settings=settings)  # type: ignore[type-var]
