"""The plan of a training: how long and how fast to learn.

Tests: ``tests/learn/test_loop.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Knot = tuple[float, float, float]  # step, progress there, progress a step from there on


@dataclass(frozen=True)
class LoopPlan:
    """How long and how fast to learn; the settings of every method are one.

    An epoch ends with validation and a checkpoint.
    """

    epochs: int = 20
    steps_per_epoch: int = 100
    learning_rate: float = 0.002  # of Adam; the highest where the schedule changes it
    beta_1: float = 0.9  # of Adam
    beta_2: float = 0.999
    weight_decay: float = 0.0  # of all weights, times the rate, at each step (AdamW)
    warm_up: float = 0.03  # share of the steps in which a cosine's rate rises
    floor: float = 0.01  # share of the rate that a cosine leaves at the end
    max_steps: int | None = None  # in all: ends within an epoch
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    plateau_factor: float = 0.5  # of the rate
    plateau_patience: int = 10  # epochs without gain
    progress_knots: tuple[Knot, ...] = ()  # recorded by --minutes; empty: straight to the end
    tensorboard: bool = False  # write logs/ for it
    optimizer: Literal["adam", "adamax"] = "adam"
    stop_patience: int | None = None  # epochs without gain after which it ends; None: it goes on
    clip_norm: float | None = None  # of all gradients together; None: as large as they are
    # steps whose loss or gradients are not finite change nothing, and several in a row bring back
    # the weights of the last epoch and halve the rate
    skip_broken_steps: bool = False

    @property
    def steps(self) -> int:
        """Steps in all if no clock ends the training."""
        steps = self.epochs * self.steps_per_epoch
        return min(steps, self.max_steps) if self.max_steps else steps
