"""A map of the experiments of some study files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...experiment.graph import Graph, graph_of
from ...experiment.mermaid import to_mermaid
from ...experiment.reading import read_study
from ...io.publish import publishing


def map_text(files: Sequence[Path]) -> str:
    """Return the map as Mermaid text.

    Raises
    ------
    N2VToolsError
        If a file cannot be read.
    """
    return to_mermaid(_graph(files))


def draw_map(files: Sequence[Path], target: Path, *, overwrite: bool = False) -> None:
    """Write the map: a figure (.svg, .png, .pdf), or Markdown with Mermaid in it (.md).

    Raises
    ------
    N2VToolsError
        If a study cannot be read, or `target` exists or cannot be written.
    """
    graph = _graph(files)
    kind = target.suffix.lower().lstrip(".")
    with publishing(target, overwrite=overwrite) as out:
        if kind == "md":
            names = ", ".join(file.name for file in files)
            text = f"# Experiments of {names}\n\n```mermaid\n{to_mermaid(graph)}```\n"
            out.write(text.encode("utf-8", "backslashreplace"))
        else:
            from ...experiment.picture import draw_graph

            draw_graph(graph, out, kind)


def _graph(files: Sequence[Path]) -> Graph:
    return graph_of([read_study(file) for file in files])
