import numpy as np
import pytest

from n2v_tools.train.schedule import Clock, cosine_rate, planned_end, progress_at, straight


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


@pytest.mark.parametrize("slow_after", [None, 200], ids=["steady", "machine gets slower"])
def test_a_clock_ends_the_training_in_time_with_the_schedule_run_to_its_end(slow_after):
    now = FakeTime()
    clock = Clock(deadline_s=60.0, now=now)
    step, rates = 0, []
    while True:
        now.seconds += 5.0 if step == 0 else 0.1 if not slow_after or step < slow_after else 0.2
        step += 1
        if not clock.at_step(step, pause_to_come_s=0):
            break
        rates.append(progress_at(step, clock.knots))
    assert now.seconds == pytest.approx(60, abs=0.5)
    assert rates[-1] == pytest.approx(1, abs=0.03)
    assert (np.diff(rates) >= 0).all()


def test_recorded_knots_give_the_same_progress_without_the_clock():
    now = FakeTime()
    clock = Clock(deadline_s=20.0, now=now)
    seen = {}
    for step in range(1, 100):
        now.seconds += 0.1 + 0.001 * step
        if not clock.at_step(step, pause_to_come_s=1.0):
            break
        seen[step] = progress_at(step, clock.knots)
    for step, progress in seen.items():
        assert progress_at(step, clock.knots) == progress  # to the last bit: rates must repeat
