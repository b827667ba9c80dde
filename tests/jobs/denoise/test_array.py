"""Planes put into an array lie where a file would hold them; too large an array is refused."""

import numpy as np
import pytest

from n2v_tools.errors import StackError
from n2v_tools.io.layout import Layout
from n2v_tools.jobs.denoise import array
from n2v_tools.jobs.denoise.array import Memory

SIZES = {"T": 2, "C": 3, "Z": 4, "Y": 5, "X": 6}


@pytest.mark.parametrize("axes", ["YX", "TYX", "YXC", "XYT", "TZCYX", "CXY"])
def test_every_plane_lies_where_its_place_says(axes):
    values = np.random.default_rng(0).random([SIZES[letter] for letter in axes])
    outer = [letter for letter in axes if letter not in "YX"]
    planes_last = np.transpose(values, [axes.index(letter) for letter in (*outer, "Y", "X")])
    memory = Memory()
    layout = Layout(axes, {letter: SIZES[letter] for letter in axes}, values.dtype)
    with memory.create("it", layout) as writer:
        for place in np.ndindex(*planes_last.shape[:-2]):
            writer.write(dict(zip(outer, place, strict=True)), planes_last[place])
    np.testing.assert_array_equal(memory.writer.array, values)


def test_more_than_the_memory_that_is_free_is_refused_before_it_is_taken(monkeypatch):
    layout = Layout("TYX", {"T": 1000, "Y": 1000, "X": 1000}, np.dtype("float32"))
    monkeypatch.setattr(array, "free_memory_bytes", lambda: 4_500_000_000)
    with (
        pytest.raises(StackError, match=r"movie: .*4 GB of memory, of which 4\.5 GB.*--output"),
        Memory().create("movie", layout),
    ):
        pass
    monkeypatch.setattr(array, "free_memory_bytes", lambda: None)
    array.require_memory(10**15, "movie")  # unknown: it is tried
