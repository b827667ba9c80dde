"""Before a training: does the noise of its stacks contradict its settings?"""

from __future__ import annotations

from collections.abc import Sequence

from ..noise.advice import advise_training
from ..stack import Stack
from .progress import Progress
from .train_request import TrainRequest

MOST_STACKS = 4  # of many, that are looked at


def warn_of_noise(
    stacks: Sequence[Stack], struct_mask: str, axes: str, request: TrainRequest, say: Progress
) -> None:
    """Say what n2v-inspect would, where it speaks against this training.

    Parameters
    ----------
    stacks : sequence of Stack
        A few of them, evenly chosen, are looked at.
    struct_mask : str
        As asked for: ``auto`` is right by itself.
    axes : str
        Of the model.
    request : TrainRequest
    say : Progress
    """
    step = max(1, -(-len(stacks) // MOST_STACKS))
    for stack in stacks[::step]:
        for heard in advise_training(
            stack,
            struct_mask=struct_mask,
            depth_axis=axes[:-2] or None,
            seed=request.seed,
            keep_strips=request.keep_strips,
        ):
            say.warn(f"{stack.name}: {heard}")
