"""How the learning rate falls, and how training ends when a clock decides.

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

WARM_UP = 0.03  # share of the training in which the rate rises
FLOOR = 0.01  # share of the rate that is left at the end
REPLAN_AT = (4, 12, 30, 60, 100)  # steps: early, when little is known; later by time
REPLAN_SHARE = 0.1  # of the time that is left


Knot = tuple[float, float, float]  # step, progress there, progress a step from there on


def cosine_rate(progress: float, peak: float) -> float:
    """Learning rate after a share of the training: a rise, then half a cosine [1]_.

    Parameters
    ----------
    progress : float
        0 at the start, 1 at the end.
    peak : float
        Highest rate.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter. SGDR: Stochastic Gradient Descent with Warm
       Restarts. ICLR 2017.
    """
    if progress < WARM_UP:
        return peak * max(progress / WARM_UP, FLOOR)
    done = min((progress - WARM_UP) / (1 - WARM_UP), 1)
    return peak * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2)


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
    """Fits the number of steps to the time that is left.

    Parameters
    ----------
    deadline_s : float
        When the last step must have ended, on the clock of `now`.
    now : callable
        Seconds on a steady clock.
    knots : list of (step, progress, pace)
        Grows at each new plan.
    """

    deadline_s: float
    now: Callable[[], float] = time.monotonic
    knots: list[Knot] = field(default_factory=lambda: [(0.0, 0.0, 1e-3)])
    _marks: list[tuple[int, float]] = field(default_factory=list)
    _paused_s: float = 0.0
    _next_plan: float = 0.0

    def paused(self, seconds: float) -> None:
        """Tell of time that passed without steps (validation, saving)."""
        self._paused_s += seconds

    def at_step(self, step: int, pause_to_come_s: float) -> bool:
        """Call before each step, counted from 0; False when the time is over.

        Parameters
        ----------
        step : int
            The step about to be made.
        pause_to_come_s : float
            Time that validation and saving will still take until the deadline.
        """
        now = self.now()
        self._marks.append((step, now - self._paused_s))
        self._marks = self._marks[-200:]
        if step in REPLAN_AT or (step > REPLAN_AT[-1] and now >= self._next_plan):
            self._plan(step, now, pause_to_come_s)
        return now < self.deadline_s

    def _plan(self, step: int, now: float, pause_to_come_s: float) -> None:
        left_s = max(self.deadline_s - now - pause_to_come_s, 0.0)
        first = self._marks[1] if len(self._marks) > 2 else self._marks[0]  # step 0 traces
        last = self._marks[-1]
        seconds_a_step = (last[1] - first[1]) / max(last[0] - first[0], 1)
        steps_left = max(round(left_s / max(seconds_a_step, 1e-6)), 1)
        done = progress_at(step, self.knots)
        self.knots = [knot for knot in self.knots if knot[0] < step]
        self.knots.append((float(step), done, (1 - done) / steps_left))
        self._next_plan = now + max(REPLAN_SHARE * left_s, 1.0)
