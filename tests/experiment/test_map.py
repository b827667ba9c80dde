"""Maps: every experiment is a box, every dependence an arrow, boxes do not lie on each other."""

import io
import re
import xml.etree.ElementTree as ElementTree

import pytest
from matplotlib.image import imread

from n2v_tools.experiment.graph import graph_of
from n2v_tools.experiment.mermaid import to_mermaid
from n2v_tools.experiment.picture import draw_graph
from n2v_tools.experiment.reading import read_study


@pytest.fixture
def graph(write):
    step = ("pair: {20ms: 200ms}", "prepare: [{keep-grey-levels: {}}]")
    return graph_of([read_study(write(step, ("as it is", "'|\"<x>'")))])


def arrows_into(graph, title):
    titles = {box.key: box.title for box in graph.boxes}
    return [(titles[a], word) for a, b, word in graph.arrows if titles[b] == title]


def test_every_experiment_hangs_on_its_dataset_or_on_what_it_starts_from(graph):
    assert arrows_into(graph, "keep-grey-levels") == [("cells", "")]
    assert arrows_into(graph, "second") == [("keep-grey-levels", "")]
    assert arrows_into(graph, "third") == [("first", "weights")]
    assert [a for a, _ in arrows_into(graph, "evaluation")] == ["first", "second", "third"]


def test_boxes_stand_apart_and_arrows_lead_to_the_right(graph):
    places = {box.key: box for box in graph.boxes}
    assert len({(box.column, box.row) for box in graph.boxes}) == len(graph.boxes)
    assert all(places[a].column < places[b].column for a, b, _ in graph.arrows)


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


def test_pictures_can_be_opened_and_svg_holds_the_names(graph):
    svg, png = io.BytesIO(), io.BytesIO()
    draw_graph(graph, svg, "svg")
    draw_graph(graph, png, "png")
    texts = "".join(ElementTree.fromstring(svg.getvalue()).itertext())  # noqa: S314 - our own
    assert all(name in texts for name in ("cells", "first", "second", "third", "evaluation"))
    png.seek(0)
    assert imread(png).std() > 0


def test_the_same_study_gives_the_same_svg(graph):
    one, other = io.BytesIO(), io.BytesIO()
    draw_graph(graph, one, "svg")
    draw_graph(graph, other, "svg")
    assert one.getvalue() == other.getvalue()
