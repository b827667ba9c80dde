"""Checks before a training: stacks that contradict its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ...contracts import Method
from ...methods.table import FALLBACK
from ...noise.changes import frames_text, look_at_movie, motion_warnings
from ...noise.quick_look import advise_movie_training, advise_training
from ...prepare.survey import Survey
from ...stack import Stack
from ..desk.progress import Progress
from .request import TrainRequest

MOST_STACKS = 4  # of many, that are looked at


def warn_of_noise(
    stacks: Sequence[Stack], method: Method, axes: str, request: TrainRequest, say: Progress
) -> None:
    """Say what n2v-inspect would, where it speaks against this training.

    A few of the stacks, evenly chosen, are looked at. The struct mask of `method` is as asked for:
    ``auto`` is right by itself. `axes` are the model's.
    """
    step = max(1, -(-len(stacks) // MOST_STACKS))
    for stack in stacks[::step]:
        if method.movie_axes:
            found = advise_movie_training(
                stack, method.name, FALLBACK, seed=request.seed, keep_strips=request.keep_strips
            )
        else:
            found = advise_training(
                stack,
                struct_mask=method.settings.struct_mask,
                depth_axis=axes[:-2] or None,
                seed=request.seed,
                keep_strips=request.keep_strips,
            )
        for heard in found:
            say.warn(f"{stack.name}: {heard}")


def with_cuts(stack: Stack, survey: Survey, say: Progress) -> Survey:
    """Return the survey of a movie with the frames that go on from nothing; say what is seen.

    They are scene cuts, jumps of the light, dark frames and repeated ones: in a repeated frame
    the noise of the target could be read off. Each frame is read once.
    """
    with say.task(f"{stack.name}: looking at frames") as step:
        movie = look_at_movie(stack, progress=step)
    if movie is None:
        return survey
    for heard in motion_warnings(movie):
        say.warn(f"{stack.name}: {heard}")
    cuts = movie.scenes.breaks
    if cuts:
        goes = "does not go on" if len(cuts) == 1 else "do not go on"
        say.note(
            f"{stack.name}: {frames_text(cuts)}, counted from 0, {goes} (scene cuts, flashes, dark "
            "or repeated frames): nothing is learned across"
        )
    return dataclasses.replace(survey, cuts=cuts)
