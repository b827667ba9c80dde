"""Checks before a training: stacks that contradict its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ...contracts import Method
from ...methods.table import FALLBACK
from ...noise.changes import Movie, frames_text, look_at_movie, motion_warnings
from ...noise.quick_look import advise_movie_training, advise_training
from ...prepare.survey import Survey
from ...stack import Stack
from ..desk.progress import Progress
from .request import TrainRequest

MOST_STACKS = 4  # of many, that are looked at

Look = Callable[[Stack], Movie | None]  # what happens in a stack from frame to frame


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
                struct_mask="auto"
                if method.copes_with_shared_noise
                else method.settings.struct_mask,
                depth_axis=axes[:-2] or None,
                seed=request.seed,
                keep_strips=request.keep_strips,
            )
        for heard in found:
            say.warn(f"{stack.name}: {heard}")


def looking_once(say: Progress) -> Look:
    """Return what looks at the frames of a movie when it is first asked for them."""
    seen: dict[int, Movie | None] = {}

    def look(stack: Stack) -> Movie | None:
        if id(stack) not in seen:
            with say.task(f"{stack.name}: looking at frames") as step:
                seen[id(stack)] = look_at_movie(stack, progress=step)
        return seen[id(stack)]

    return look


def with_cuts(stack: Stack, survey: Survey, look: Look, say: Progress) -> Survey:
    """Return the survey of a movie with the frames that go on from nothing; say what is seen.

    They are scene cuts, jumps of the light, dark frames and repeated ones: in a repeated frame
    the noise of the target could be read off.
    """
    movie = look(stack)
    if movie is None:
        return survey
    for heard in motion_warnings(movie, stack.axes):
        say.warn(f"{stack.name}: {heard}")
    cuts = movie.scenes.breaks
    if cuts:
        goes = "does not go on" if len(cuts) == 1 else "do not go on"
        say.note(
            f"{stack.name}: {frames_text(cuts)}, counted from 0, {goes} (scene cuts, flashes, dark "
            "or repeated frames): nothing is learned across"
        )
    return dataclasses.replace(survey, cuts=cuts)
