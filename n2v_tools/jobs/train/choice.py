"""What ``--method auto`` means for these stacks: a movie's own method, or Noise2Void."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ...errors import UsageError
from ...stack import Stack
from ..desk.progress import Progress
from .request import TrainRequest, method_for

FRAMES_OF_A_MOVIE = 32  # fewer tell too little of each other


def require_some_method(request: TrainRequest) -> None:
    """Refuse settings that no method ``auto`` may choose has; nothing is opened.

    Raises
    ------
    UsageError
        What Noise2Void says of them.
    """
    if request.method != "auto":
        method_for(request)
    elif not _takes("video", request):
        method_for(dataclasses.replace(request, method="n2v"))


def with_method(request: TrainRequest, stacks: Sequence[Stack], say: Progress) -> TrainRequest:
    """Return the request with its method decided.

    ``auto`` is ``video`` for movies of one channel, all of 32 frames or more, unless an option
    was given that only Noise2Void has; else ``n2v``.
    """
    if request.method != "auto":
        return request
    n_frames = min(stack.sizes.get("T", 1) for stack in stacks)
    if n_frames >= FRAMES_OF_A_MOVIE and _takes("video", request):
        if all(stack.sizes.get("C", 1) == 1 for stack in stacks):
            say.note(
                f"method video, since there are {n_frames} frames; --method n2v takes them singly"
            )
            return dataclasses.replace(request, method="video")
        say.note(
            f"method n2v, although there are {n_frames} frames: --method video takes one channel; "
            "save each as a movie of its own for it"
        )
    return dataclasses.replace(request, method="n2v")


def _takes(name: str, request: TrainRequest) -> bool:
    try:
        method_for(dataclasses.replace(request, method=name))
    except UsageError:
        return False
    return True
