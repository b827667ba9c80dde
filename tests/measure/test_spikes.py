"""Spikes: a movie that shows them well scores well, and no detection counts twice."""

import numpy as np
import pytest

from n2v_tools.errors import StackError
from n2v_tools.measure.spikes import Cell, matches, read_cells, score_spikes, traces_of

FRAME_S = 0.002
TABLE = "neuron,y,x,radius,spike_seconds\n0,10,12,3,0.2 0.1\n1,30,30,4,\n"


def cell_and_trace(n_frames=600, seed=0):
    rng = np.random.default_rng(seed)
    frames = np.sort(rng.choice(np.arange(10, n_frames - 10, 9), 30, replace=False))
    trace = np.zeros(n_frames)
    trace[frames] += 5
    trace[frames + 1] += 2
    return Cell(8, 8, 3, (frames + 0.4) * FRAME_S), trace + 100 + 20 * np.sin(np.arange(600) / 90)


def test_the_truth_shows_all_and_noise_lowers_every_score():
    cell, trace = cell_and_trace()
    truth = trace[:, np.newaxis]
    scores = [
        score_spikes(
            truth + np.random.default_rng(1).normal(0, noise, truth.shape), truth, [cell], FRAME_S
        )
        for noise in (0.01, 1.5, 4)
    ]
    assert scores[0].f1 == 1 and scores[0].height_percent == pytest.approx(100, abs=1)
    assert scores[0].f1 > scores[1].f1 > scores[2].f1
    assert scores[0].d_prime > scores[1].d_prime > scores[2].d_prime


def test_halved_spikes_have_half_the_height_and_are_found_all_the_same():
    cell, trace = cell_and_trace()
    truth = trace[:, np.newaxis]
    half = score_spikes(50 + truth / 2, truth, [cell], FRAME_S)
    assert half.height_percent == pytest.approx(50, abs=0.5) and half.f1 == 1


def test_late_spikes_are_missed_and_wrong_at_once():
    cell, trace = cell_and_trace()
    truth = trace[:, np.newaxis]
    late = score_spikes(np.roll(truth, 3, axis=0), truth, [cell], FRAME_S)
    assert late.f1 < 0.2


def test_a_detection_is_the_pair_of_one_spike_only():
    assert matches(np.array([0.010]), np.array([0.0095, 0.0105])) == 1
    assert matches(np.array([0.0095, 0.0105]), np.array([0.010])) == 1
    assert matches(np.array([0.010, 0.020]), np.array([0.0121, 0.0180])) == 1


def test_traces_are_means_over_discs():
    frames = [np.full((20, 20), 7.0), np.arange(400.0).reshape(20, 20)]
    traces = traces_of(frames, [Cell(5, 6, 2, np.empty(0)), Cell(90, 90, 2, np.empty(0))])
    np.testing.assert_allclose(traces[:, 0], [7, 5 * 20 + 6])
    assert np.isnan(traces[:, 1]).all()


def test_a_table_is_read_with_its_spikes_in_order(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    first, second = read_cells(tmp_path / "t.csv")
    assert (first.y, first.x, first.radius) == (10, 12, 3)
    assert first.spikes.tolist() == [0.1, 0.2] and not len(second.spikes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        TABLE.replace("12", "nan"),
        TABLE.replace("12", "1e30"),
        TABLE.replace("10", "x"),
        TABLE.replace(",3,", ",-3,"),
    ],
)
def test_a_table_of_something_else_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(StackError) as error:
        read_cells(tmp_path / "t.csv")
    assert "\n" not in str(error.value) and "t.csv" in str(error.value)
