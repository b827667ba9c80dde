"""Stacks and records for a report."""

import json

import numpy as np

from n2v_tools.io.layout import layout_like
from n2v_tools.io.writer import create_stack
from n2v_tools.stack import Stack


def write(path, axes, shape, seed=0, description=""):
    array = np.random.default_rng(seed).integers(1, 999, shape, np.uint16)
    layout = layout_like(Stack(array, axes), np.dtype(np.uint16), description=description)
    stack = Stack(array, axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    with create_stack(path, layout, overwrite=True) as writer:
        for place, plane in stack.planes():
            writer.write(place, plane)
    return path


def record(**values):
    return json.dumps({"n2v_tools": "0", "input": "a.tif", **values})


class Endless:
    """Planes of noise made when they are read; counts how many were."""

    dtype = np.dtype(np.uint16)

    def __init__(self, shape, mean=200):
        self.shape = shape
        self.mean = mean
        self.n_read = 0

    def __getitem__(self, key):
        self.n_read += 1
        place = [k for k in key if not isinstance(k, slice)]
        rng = np.random.default_rng([self.mean, *place])
        return rng.integers(0, 2 * self.mean, self.shape[-2:], np.uint16)
