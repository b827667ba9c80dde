"""Choice of a method: as asked for, or for ``--method auto`` what suits the stacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ...contracts import Method
from ...errors import UsageError
from ...methods.table import AUTO, FALLBACK, movie_rows
from ...noise.changes import interleaving_warning, look_at_movie
from ...stack import Stack
from ...words import option
from ..desk.progress import Progress
from .checks import Look
from .request import TrainRequest, method_for

Possible = Mapping[str, Method | UsageError]


def possible_methods(request: TrainRequest) -> Possible:
    """Methods that a request can mean, by name, with what it adds up to for each.

    Nothing is opened. A method that refuses the request's settings stands with its error. If none
    can be meant, UsageError is raised with what the method asked for, or the fallback, says of the
    request.
    """
    if request.method != AUTO:
        return {request.method: method_for(request)}
    found: dict[str, Method | UsageError] = {}
    for name in (*(row.name for row in movie_rows()), FALLBACK):
        try:
            found[name] = method_for(dataclasses.replace(request, method=name))
        except UsageError as error:
            found[name] = error
    if all(isinstance(one, UsageError) for one in found.values()):
        _taken(found, FALLBACK)
    return found


def choose_method(
    possible: Possible, stacks: Sequence[Stack], say: Progress, look: Look = look_at_movie
) -> tuple[str, Method]:
    """Choose among the methods that a request can mean: its name, and the method.

    A movie's own method, if all stacks have frames and channels as it wants them, each frame
    showing what the next one does, unless an option was given that it does not have; else the
    fallback. `look` says what happens from frame to frame. UsageError if what suits the stacks
    refuses the request.
    """
    if len(possible) == 1:
        ((name, _),) = possible.items()
        return name, _taken(possible, name)
    n_frames = min(stack.sizes.get("T", 1) for stack in stacks)
    alone = all(stack.sizes.get("C", 1) == 1 for stack in stacks)
    for row in movie_rows():
        if n_frames < (row.auto_frames or 0) or isinstance(possible[row.name], UsageError):
            continue
        if alone or not row.one_channel:
            mixed = [line for stack in stacks if (line := _interleaving(stack, look))]
            for line in mixed:
                say.warn(f"{line}. So method {FALLBACK} takes frames singly")
            if mixed:
                break
            say.note(
                f"method {row.name}, since there are {n_frames} frames; "
                f"{option('method', FALLBACK)} takes them singly"
            )
            return row.name, _taken(possible, row.name)
        say.note(
            f"method {FALLBACK}, although there are {n_frames} frames: "
            f"{option('method', row.name)} takes one channel; save each as a movie of its own for "
            "it"
        )
    return FALLBACK, _taken(possible, FALLBACK)


def _interleaving(stack: Stack, look: Look) -> str:
    movie = look(stack)
    found = "" if movie is None else interleaving_warning(movie, stack.axes)
    return f"{stack.name}: {found}" if found else ""


def _taken(possible: Possible, name: str) -> Method:
    found = possible[name]
    if isinstance(found, UsageError):
        raise found
    return found
