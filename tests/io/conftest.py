"""Helpers of the tests of reading and writing."""

from pathlib import Path

import numpy as np
import pytest

from n2v_tools.io.layout import Layout
from n2v_tools.io.writer import create_stack

SIZES = {"T": 2, "C": 3, "Z": 4, "Y": 11, "X": 13}


@pytest.fixture
def write_array(tmp_path):
    """Write an array through `create_stack`, planes in shuffled order; give the path."""

    def write(values: np.ndarray, axes: str, name: str = "a.tif", **options) -> Path:
        layout = Layout(
            axes=axes,
            sizes=dict(zip(axes, values.shape, strict=True)),
            dtype=values.dtype,
            **options,
        )
        stored = np.transpose(values, [axes.index(a) for a in layout.stored_axes])
        with create_stack(tmp_path / name, layout) as writer:
            outer = writer.axes[:-2]
            places = list(np.ndindex(*stored.shape[:-2]))
            for number in np.random.default_rng(0).permutation(len(places)):
                place = places[number]
                writer.write(dict(zip(outer, place, strict=True)), stored[place])
        return tmp_path / name

    return write


@pytest.fixture
def make_values():
    """Make values of given axes and type, each plane different."""

    def make(axes: str, dtype="uint16", **sizes) -> np.ndarray:
        shape = [{**SIZES, **sizes}[axis] for axis in axes]
        return (np.random.default_rng(1).random(shape) * 120).astype(dtype)

    return make
