"""Spikes and what an indicator shows of them."""

from itertools import pairwise

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.transients import BLOCK, FRAME_RATE_HZ, Indicator, Transients

SLOW = Indicator(rise_s=0.1, decay_s=1.0, amplitude=0.3)


def make(n=40, rate=1.0, burst=3.0, seed=0, indicator=SLOW):
    return Transients(indicator, np.full(n, rate), np.full(n, indicator.amplitude), burst, (seed,))


def traces(transients, n_frames):
    return np.array([transients.at(frame) for frame in range(n_frames)])


@pytest.mark.parametrize(("rise", "decay"), [(0.07, 0.6), (0.2, 1.5), (0.5, 0.3)])
def test_a_response_rises_peaks_and_decays_as_asked(rise, decay):
    indicator = Indicator(rise, decay)
    fine = np.arange(0, 12 * decay, 1e-4)
    answer = indicator.response(fine)
    assert answer.max() == pytest.approx(1, abs=1e-4)
    assert fine[answer.argmax()] == pytest.approx(indicator.peak_s, abs=1e-3)
    late = answer[fine > 8 * rise * decay / (rise + decay)]  # only the decay is left
    assert np.polyfit(fine[: len(late)], np.log(late), 1)[0] == pytest.approx(-1 / decay, rel=0.01)
    early = answer * np.exp(fine / decay)  # without the decay: 1 - exp(-t / rise)
    assert fine[np.argmax(early > (1 - np.exp(-1)) * early.max())] == pytest.approx(rise, abs=1e-3)
    assert indicator.response(np.array([-1.0, 0.0])).tolist() == [0, 0]
    np.testing.assert_allclose(
        indicator.integrals(), (answer.sum() * 1e-4, (answer**2).sum() * 1e-4), rtol=2e-3
    )


def test_traces_are_the_sum_of_the_responses_to_all_spikes():
    transients, n_frames = make(n=10), 3 * BLOCK + 7
    whole = np.zeros((n_frames, 10))
    times = np.arange(n_frames) / FRAME_RATE_HZ
    for second, source, size in zip(*transients.spikes_before(-20 * BLOCK, n_frames), strict=True):
        whole[:, source] += size * SLOW.response(times - second)
    np.testing.assert_allclose(traces(transients, n_frames), whole, atol=2e-4)


def test_a_frame_alone_is_that_of_the_sequence():
    sequence = traces(make(), 300)
    for frame in (299, 0, 64, 63, 200):
        np.testing.assert_array_equal(make().at(frame), sequence[frame])


@pytest.mark.parametrize("burst", [1.0, 3.0])
def test_neurons_spike_as_often_as_asked_and_in_bursts(burst):
    transients, seconds = make(n=300, rate=0.8, burst=burst), 60
    times, sources, _ = transients.spikes_before(0, int(seconds * FRAME_RATE_HZ))
    assert len(times) / seconds / 300 == pytest.approx(0.8, rel=0.06)
    order = np.lexsort((times, sources))
    gaps = np.diff(times[order])[np.diff(sources[order]) == 0]
    # Of n spikes in a burst all but the first come within a tenth of a second.
    assert (gaps < 0.1).mean() == pytest.approx(
        1 - 1 / (0.96 * burst) if burst > 1 else 0.08, abs=0.06
    )


def test_spikes_of_a_stretch_of_frames_are_told_once():
    transients, ends = make(n=200), [1, 50, *range(65, 400, 64)]  # where blocks begin, too
    parts = [transients.spikes_before(first, last)[0] for first, last in pairwise(ends)]
    whole = transients.spikes_before(ends[0], ends[-1])[0]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert len(whole) > 1000 and (np.diff(whole) >= 0).all()
    assert 0 < whole.min() and whole.max() <= (ends[-1] - 1) / FRAME_RATE_HZ


def test_activity_does_not_start_at_zero():
    early, late = (make(n=400).at(frame).mean() for frame in (0, 900))
    assert early == pytest.approx(late, rel=0.25)


def test_mean_and_variance_are_those_that_theory_gives():
    values = traces(make(n=400, rate=2.0, burst=1.0), 120)
    plain, square = SLOW.integrals()
    assert values.mean() == pytest.approx(2 * 0.3 * plain, rel=0.03)
    assert values.var() == pytest.approx(2 * 0.3**2 * (1 + 0.15**2) * square, rel=0.1)


def test_seeds_differ():
    assert not np.array_equal(make(seed=0).at(9), make(seed=1).at(9))


@pytest.mark.parametrize(
    "wrong", [{"rise_s": 0}, {"decay_s": float("nan")}, {"decay_s": 99}, {"amplitude": 0}]
)
def test_what_no_indicator_does_is_refused(wrong):
    with pytest.raises(SettingsError, match=r"^--\w+ [^\n]*$"):
        Indicator(**wrong)
