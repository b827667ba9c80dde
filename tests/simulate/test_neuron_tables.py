"""Tables of neurons: one row each, and all spikes of one table are in the other."""

import csv
import io

import pytest

from n2v_tools.simulate.calcium import Calcium, Movie
from n2v_tools.simulate.neuron_tables import write_neuron_tables


@pytest.mark.parametrize("n_frames", [5, 64, 130])
def test_every_spike_is_counted_in_one_frame(n_frames):
    movie = Movie(Calcium((n_frames, 48, 48), photons=2, rate_hz=3.0, seed=1))
    traces, neurons = io.BytesIO(), io.BytesIO()
    write_neuron_tables(movie, traces, neurons)
    frames, cells = (
        list(csv.DictReader(io.StringIO(file.getvalue().decode()))) for file in (traces, neurons)
    )
    assert len(cells) == len(movie.somata) > 0
    assert len(frames) == n_frames * len(cells)
    for cell in cells:
        counted = sum(int(row["spikes"]) for row in frames if row["neuron"] == cell["neuron"])
        assert counted == len(cell["spike_seconds"].split())
