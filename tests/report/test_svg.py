"""Charts without styles of their own."""

import re

from n2v_tools.report.charts import Plot, Series, draw_chart
from n2v_tools.report.svg import COLOURS


def test_charts_have_no_style_of_their_own_and_take_the_colours_of_the_page():
    series = tuple(Series(role, [0, 1, 2, 3], [1, 2, 3, 9], role) for role in ("noisy", "clean"))
    svg = draw_chart(Plot(series, "x", "y", log_y=True), "k")
    assert "style" not in svg and "<script" not in svg and "metadata" not in svg
    assert not any(colour in svg for colour in COLOURS.values())
    assert {"stroke-noisy", "stroke-clean", "fill-text", "stroke-grid"} <= set(
        re.findall(r"(?:stroke|fill)-[a-z]+", svg)
    )


def test_identifiers_of_two_charts_differ():
    plot = Plot((Series("a", [0, 1, 2], [1, 2, 3], "noisy", points=True),), "x", "y")
    one, two = (set(re.findall(r' id="([^"]+)"', draw_chart(plot, key))) for key in ("k", "l"))
    assert one and not one & two
    svg = draw_chart(plot, "k")
    used = re.findall(r"#([\w-]+)", svg)
    assert used and set(used) <= one
