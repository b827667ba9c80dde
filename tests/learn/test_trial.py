import itertools

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.learn import trial
from n2v_tools.learn.trial import measure_step
from n2v_tools.methods.n2v.method import N2V, N2VSettings

METHOD = N2V(N2VSettings(patch_px=(16, 16), unet_n_depth=1, unet_n_first=2, replacement="mean"))


def clock(seconds):
    """A clock that is asked at the start and after each step."""
    times = iter(itertools.accumulate(itertools.chain(seconds, itertools.repeat(seconds[-1]))))
    return lambda: next(times)


def measure(now):
    keras_backend.set_precision("float32")
    return measure_step(
        METHOD.build(1, seed=0), METHOD.loss(), METHOD.make_sample, (4, 16, 16, 1), now=now
    )


def test_the_first_steps_count_as_start_and_not_as_steps():
    found = measure(clock([0.0, 5.0, 1.5, 0.5]))
    assert found.start_s == pytest.approx(6.5)
    assert found.seconds_a_step == pytest.approx(0.5)


def test_short_steps_are_measured_for_seconds_and_long_ones_a_few_times():
    calls = []
    short = clock([0.0, 1.0, 1.0, 0.5])
    measure(lambda: calls.append(short()) or calls[-1])
    assert calls[-1] - 2.0 == pytest.approx(trial.TIMED_S)
    calls.clear()
    long = clock([0.0, 1.0, 1.0, 60.0])
    measure(lambda: calls.append(long()) or calls[-1])
    assert len(calls) == 1 + trial.FIRST_STEPS + trial.TIMED_STEPS


def test_memory_is_that_of_a_process_with_tensorflow_in_it():
    found = measure(clock([0.0, 1.0, 1.0, 2.0]))
    assert 1e8 < found.peak_bytes < 64e9 and np.isfinite(found.seconds_a_step)
