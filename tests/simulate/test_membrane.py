"""Membrane voltage: waves and spikes are as strong and as frequent as asked for, frame by frame."""

import numpy as np
import pytest

from n2v_tools.simulate.membrane import REFRACTORY_S, Membrane


def membrane(rate=10.0, waves=0.05, n=20, frame_rate=500.0, seed=0):
    return Membrane(np.full(n, rate), np.full(n, 0.3), waves, frame_rate, (seed, 4))


def test_cells_spike_as_often_as_asked_and_never_twice_at_once():
    spikes = membrane().spikes(8.0)
    assert sum(map(len, spikes)) / (20 * 8.0) == pytest.approx(10, rel=0.25)
    assert all(np.diff(one).min() > REFRACTORY_S for one in spikes if len(one) > 1)
    assert all((np.diff(one) > 0).all() and one.max() < 8 for one in spikes)


def test_waves_have_the_deviation_asked_for():
    one = membrane(rate=0.0)
    traces = np.array([one.at(t) for t in range(0, 5000, 5)])
    assert traces.std() == pytest.approx(0.05, rel=0.25)


def test_a_spike_shows_in_the_frame_it_happens_in_and_for_one_to_three():
    one = membrane(rate=3.0, waves=0.0, n=6)
    traces = np.array([one.at(t) for t in range(1000)])
    for cell, times in enumerate(one.spikes(2.0)):
        frames = (times * 500).astype(int)
        apart = frames[np.diff(frames, prepend=-99) > 15]
        for frame in apart[apart < 980]:
            later = traces[frame : frame + 3, cell]
            assert later.max() > 0.05 and traces[frame - 1, cell] < 0.02
            wide = np.count_nonzero(traces[frame : frame + 8, cell] > later.max() / 2)
            assert 1 <= wide <= 3


def test_a_frame_alone_is_that_of_the_sequence():
    whole = membrane()
    sequence = [whole.at(t) for t in range(300)]
    np.testing.assert_array_equal(membrane().at(299), sequence[299])
    assert np.abs(membrane(seed=1).at(299) - sequence[299]).max() > 0
