"""A study file in a few lines, and its graph."""

import pytest

from n2v_tools.experiment.graph import graph_of
from n2v_tools.experiment.reading import read_study

STUDY = """\
datasets:
  cells:
    train: low
    test: low
    truth: high
    pair: {20ms: 200ms}
experiments:
  first:
    dataset: cells
    method: n2v
    patch: 32
    epochs: 2
    settings: {learning_rate: 1e-3}
    notes: as it is
  second:
    like: first
    augment: true
    settings: {net_size: small}
  third:
    like: second
    start_from: first
"""


@pytest.fixture
def write(tmp_path):
    """Write a study file, the usual one with some text replaced; return its path."""

    def write(*replaced, name="study.yaml", text=STUDY):
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def graph(write):
    step = ("pair: {20ms: 200ms}", "prepare: [{keep-grey-levels: {}}]")
    return graph_of([read_study(write(step, ("as it is", "'|\"<x>'")))])
