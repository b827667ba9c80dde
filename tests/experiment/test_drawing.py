"""Pictures: they can be opened, hold the names, and are the same again."""

import io
import xml.etree.ElementTree as ElementTree

from matplotlib.image import imread

from n2v_tools.experiment.drawing import draw_graph


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
