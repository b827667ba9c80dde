"""A map of experiments as a figure: SVG, PNG or PDF by matplotlib."""

from __future__ import annotations

from typing import IO, Any

from .graph import KINDS, Box, Graph

COLUMN_IN, ROW_IN = 2.75, 0.82  # from box to box
BOX_IN = (2.1, 0.66)
TITLE_PT, LINE_PT = 8.5, 7.0
HEAD_IN = 0.08  # of an arrow, which stays straight
LETTER_IN = 0.078  # of the title, on average
DPI = 150


def draw_graph(graph: Graph, file: IO[bytes], kind: str) -> None:
    """Draw all boxes and arrows into a binary file of `kind` "svg", "png" or "pdf"."""
    import matplotlib
    from matplotlib.figure import Figure

    width, height = graph.n_columns * COLUMN_IN, graph.n_rows * ROW_IN + 0.2
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "n2v-experiment"}):
        figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.axis("off")
        boxes = {box.key: box for box in graph.boxes}
        for source, target, word in graph.arrows:
            _draw_arrow(axes, boxes[source], boxes[target], word)
        for box in graph.boxes:
            _draw_box(axes, box)
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        figure.savefig(file, format=kind, metadata=metadata)


def _centre(box: Box) -> tuple[float, float]:
    return (box.column + 0.5) * COLUMN_IN, (box.row + 0.5) * ROW_IN + 0.1


def _draw_box(axes: Any, box: Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    fill, edge = KINDS[box.kind]
    x, y = _centre(box)
    width = max(BOX_IN[0], min(len(box.title) * LETTER_IN + 0.2, COLUMN_IN - 0.25))
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - BOX_IN[1] / 2),
            width,
            BOX_IN[1],
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=fill,
            edgecolor=edge,
            linewidth=1.1,
            zorder=3,
        )
    )
    texts = (box.title, *box.lines)
    spread = 0.17
    top = y - spread * (len(texts) - 1) / 2
    for number, text in enumerate(texts):
        axes.text(
            x,
            top + spread * number,
            text,
            ha="center",
            va="center",
            fontsize=TITLE_PT if number == 0 else LINE_PT,
            fontweight="bold" if number == 0 else "normal",
            color="#111111",
            zorder=4,
        )


def _draw_arrow(axes: Any, source: Box, target: Box, word: str) -> None:
    """From the right edge of one box to the left edge of the other, with one turn."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    (x0, y0), (x1, y1) = _centre(source), _centre(target)
    start, end = x0 + BOX_IN[0] / 2, x1 - BOX_IN[0] / 2
    bend = min(COLUMN_IN - BOX_IN[0], max(end - start, 0.3)) - HEAD_IN
    # Experiments have rows of their own: along one nothing is crossed, so arrows into them
    # turn at once and arrows out of them turn last.
    turn = end - bend - HEAD_IN if source.kind == "experiment" else start
    middle = turn + bend / 2
    points = [(start, y0), (turn, y0), (middle, y0), (middle, y1), (turn + bend, y1), (end, y1)]
    codes = [Path.MOVETO, Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO]
    path = Path(points, codes)
    axes.add_patch(
        FancyArrowPatch(
            path=path, arrowstyle="-|>", mutation_scale=9, linewidth=0.9, color="#666666", zorder=2
        )
    )
    if word:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        style = {"fontsize": 6.5, "color": "#444444", "zorder": 5, "bbox": box}
        axes.text(end - 0.04, y1 + 0.2, word, ha="right", **style)
