"""A report as one HTML page that needs nothing but itself.

Values in, text out: reading files and judging them is the work of `jobs`.
"""

from .charts import Plot, Series, draw_chart
from .render import render_page
from .values import (
    Answer,
    Bar,
    Chart,
    Command,
    Finding,
    Map,
    Page,
    Pane,
    Table,
    View,
)

__all__ = [
    "Answer",
    "Bar",
    "Chart",
    "Command",
    "Finding",
    "Map",
    "Page",
    "Pane",
    "Plot",
    "Series",
    "Table",
    "View",
    "draw_chart",
    "render_page",
]
