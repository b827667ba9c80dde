"""Schedule of the learning rate, and the clock that ends a training.

The rate is a function of progress, which goes from 0 to 1; progress is a function of
the step, straight between knots. A fixed number of steps has one knot. Under a clock
more are set as the speed is measured, and recorded, so that the same rates can be had
again without the clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .loop_plan import Knot, LoopPlan

MARKS = 200  # steps whose mean time is the speed
REPLAN_AT = (5, 12, 30, 60, 100)  # steps: early, when little is known; later by time
REPLAN_SHARE = 0.15  # of the time that is left
FIRST_PAUSE_S = 1.0  # the first validation traces and compiles


def cosine_rate(
    progress: float, peak: float, warm_up: float = LoopPlan.warm_up, floor: float = LoopPlan.floor
) -> float:
    """Learning rate after a share of the training: a rise to `peak`, then half a cosine [1]_.

    `progress` is 0 at the start and 1 at the end, `warm_up` the share in which the rate rises, and
    `floor` the share of `peak` that is left at the end.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter. SGDR: Stochastic Gradient Descent with Warm
       Restarts. ICLR 2017.
    """
    if progress < warm_up:
        return peak * max(progress / warm_up, floor)
    done = min((progress - warm_up) / (1 - warm_up), 1)
    return peak * (floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2)


def straight(steps: float) -> tuple[Knot, ...]:
    """Knots of a schedule of so many steps, planned once."""
    return ((0.0, 0.0, 1 / steps),)


def progress_at(step: int, knots: Sequence[Knot]) -> float:
    """Progress at `step`: from the last knot before it at that knot's pace, at most 1.

    A knot holds its pace, rather than where the next one will be, so that a recorded
    training repeats to the last bit.
    """
    passed = [knot for knot in knots if knot[0] <= step] or knots[:1]
    first, done, pace = passed[-1]
    return min(done + (step - first) * pace, 1.0)


def planned_end(knots: Sequence[Knot]) -> float:
    """Step at which progress is 1, as planned last."""
    first, done, pace = knots[-1]
    return first if done >= 1 else first + (1 - done) / pace


@dataclass
class Clock:
    """Fits the number of steps to the time that is left."""

    deadline_s: float  # when the last validation must have ended, on the clock of `now`
    steps_per_epoch: int  # a pause for validation and saving follows each epoch, and the last step
    pause_in_steps: float = 0.0  # first guess of such a pause, in steps, until one was seen
    now: Callable[[], float] = time.monotonic  # seconds on a steady clock
    knots: list[Knot] = field(default_factory=lambda: [(0.0, 0.0, 1e-3)])  # grows at each new plan
    _marks: list[tuple[int, float]] = field(default_factory=list)
    _n_steps: int = 0
    _paused_s: float = 0.0
    _pause_s: float | None = None
    _next_plan: float = 0.0

    def paused(self, seconds: float) -> None:
        """Tell of time that passed between two epochs."""
        self._paused_s += seconds
        self._pause_s = seconds  # the latest: the first one traces

    def after_step(self, step: int) -> bool:
        """Call after each step with the number of steps done; False when the time is over."""
        now = self.now()
        self._n_steps += 1
        self._marks = [*self._marks[-MARKS:], (step, now - self._paused_s)]
        step_s = self._seconds_a_step()
        if step_s is None:
            return now < self.deadline_s
        pause_s = self._pause_s
        if pause_s is None:
            pause_s = self.pause_in_steps * step_s + FIRST_PAUSE_S
        if self._n_steps in REPLAN_AT or (self._n_steps > REPLAN_AT[-1] and now >= self._next_plan):
            self._plan(step, self.deadline_s - now, step_s, pause_s)
            self._next_plan = now + max(REPLAN_SHARE * (self.deadline_s - now), 1.0)
        # At the end of an epoch a pause comes anyway, and after one more step another.
        more_s = pause_s if step % self.steps_per_epoch else 2 * pause_s + step_s
        return now + more_s < self.deadline_s

    def _seconds_a_step(self) -> float | None:
        """Mean over the latest steps; the first ones trace and are left out."""
        marks = self._marks[2:] if self._n_steps < MARKS else self._marks
        if len(marks) < 2:
            return None
        return max((marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0]), 1e-6)

    def _plan(self, step: int, left_s: float, step_s: float, pause_s: float) -> None:
        done = progress_at(step, self.knots)
        if done >= 1:  # the end was reached sooner than planned: the rate stays at its floor
            return
        steps_left = max((left_s - pause_s) / (step_s + pause_s / self.steps_per_epoch), 1.0)
        self.knots = [knot for knot in self.knots if knot[0] < step]
        # Rounded, since they are printed; what is used and what is recorded stay the same.
        pace = float(f"{(1 - done) / steps_left:.4g}")
        self.knots.append((float(step), round(done, 6), pace))
