import numpy as np
import pytest

from n2v_tools.learn.schedule import Clock, cosine_rate, planned_end, progress_at, straight


def test_rate_rises_then_falls_and_never_exceeds_its_peak():
    rates = [cosine_rate(p, 1e-3) for p in np.linspace(0, 1, 500)]
    top = int(np.argmax(rates))
    assert 0 < rates[0] < rates[top] <= 1e-3
    assert (np.diff(rates[top:]) <= 0).all()
    assert 0 < rates[-1] <= 0.02e-3


def test_progress_is_straight_between_knots_and_never_beyond_the_end():
    knots = [(0, 0.0, 0.05), (10, 0.5, 0.1)]
    assert progress_at(5, knots) == pytest.approx(0.25)
    assert progress_at(12, knots) == pytest.approx(0.7)
    assert progress_at(99, knots) == 1
    assert planned_end(knots) == pytest.approx(15)
    assert progress_at(7, straight(14)) == pytest.approx(0.5)


def test_a_plan_made_when_all_is_done_ends_where_it_is():
    assert planned_end([(0.0, 0.0, 0.01), (99.0, 1.0, 0.0)]) == 99


class FakeTime:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def run_clock(
    minutes,
    step_s=lambda step: 0.1,
    pause_s=0.0,
    steps_per_epoch=50,
    known_pause=True,
    first_step=0,
):
    """Steps and pauses on a fake clock; progress before each step, and how late it ended."""
    now = FakeTime()
    guess = pause_s / step_s(1) if known_pause else 0.0
    clock = Clock(60 * minutes, steps_per_epoch, pause_in_steps=guess, now=now)
    if first_step:
        clock.knots = [(0.0, 0.0, 1e-3)]
    step, seen = first_step, {}
    while True:
        seen[step] = progress_at(step, clock.knots)
        now.seconds += 4.0 if step == first_step else step_s(step)  # the first one traces
        step += 1
        if not clock.after_step(step):
            break
        if step % steps_per_epoch == 0:
            now.seconds += pause_s
            clock.paused(pause_s)
    now.seconds += pause_s
    return clock, seen, now.seconds - 60 * minutes


CASES = {
    "steady": {},
    "slower later": {"step_s": lambda step: 0.1 if step < 200 else 0.2},
    "faster later": {"step_s": lambda step: 0.2 if step < 200 else 0.1},
    "no validation": {"pause_s": 0.02},
    "long validation": {"pause_s": 2.0},
    "validation as long as an epoch": {"pause_s": 5.0, "minutes": 5},
    "validation not foreseen": {"pause_s": 3.0, "known_pause": False},
    "short epochs": {"pause_s": 0.5, "steps_per_epoch": 10, "minutes": 3},
    "resumed": {"first_step": 340, "pause_s": 1.0},
    "a quarter of a minute": {"minutes": 0.25, "pause_s": 0.5},
    "half an hour": {"minutes": 30, "pause_s": 1.5, "steps_per_epoch": 100},
    "half an hour, slower and slower": {
        "minutes": 30,
        "pause_s": 1.5,
        "step_s": lambda step: 0.1 + 1e-5 * step,
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_clock_is_kept_and_the_rate_falls_over_the_whole_time(case):
    case = {"minutes": 2, **case}
    _, seen, late = run_clock(**case)
    unforeseen = 0 if case.get("known_pause", True) else case["pause_s"]
    assert -0.1 * 60 * case["minutes"] < late < max(0.5, unforeseen)
    progress = list(seen.values())
    assert progress == sorted(progress)
    assert progress[-1] > 0.9
    at_the_end = sum(done >= 0.999 for done in progress) / len(progress)
    assert at_the_end < 0.05


def test_recorded_knots_give_the_same_progress_without_the_clock():
    clock, seen, _ = run_clock(1, step_s=lambda step: 0.1 + 0.0005 * step, pause_s=1.0)
    for step, progress in seen.items():
        assert progress_at(step, clock.knots) == progress  # to the last bit: rates must repeat


def test_the_rise_and_what_is_left_at_the_end_can_be_chosen():
    rates = [cosine_rate(p, 1.0, warm_up=0.1, floor=0.0) for p in (0, 0.05, 0.1, 0.55, 1)]
    np.testing.assert_allclose(rates, [0, 0.5, 1, 0.5, 0], atol=1e-12)
