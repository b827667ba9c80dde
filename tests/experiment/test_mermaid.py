"""Mermaid: every box once, and nothing that a name could break out of."""

import re

import pytest

from n2v_tools.experiment.mermaid import to_mermaid
from n2v_tools.experiment.reading import read_study


def test_mermaid_names_every_box_once_and_only_known_ones(graph):
    text = to_mermaid(graph)
    made = re.findall(r"^  (n\d+)[\[(]", text, re.MULTILINE)
    assert len(made) == len(set(made)) == len(graph.boxes)
    used = set(re.findall(r"^  (n\d+) .*> (n\d+)$", text, re.MULTILINE))
    assert len(used) == len(graph.arrows)
    assert {name for pair in used for name in pair} <= set(made)


def test_names_cannot_break_out_of_mermaid(write):
    study = write(("cells:", "'c\"] --> x[':"), ("dataset: cells", "dataset: 'c\"] --> x['"))
    with pytest.raises(Exception, match="plain name"):
        read_study(study)
