"""The map of the experiments of some study files, as text or as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..io.publish import publishing
from .graph import graph_of
from .mermaid import to_mermaid
from .reading import read_study


def draw_map(files: Sequence[Path], target: Path | None = None, *, overwrite: bool = False) -> str:
    """Draw the map of some study files; its Mermaid text.

    `target` is a file to write: a figure (.svg, .png, .pdf), or Markdown with Mermaid in it (.md).

    Raises
    ------
    N2VToolsError
        If a study cannot be read, or `target` exists or cannot be written.
    """
    graph = graph_of([read_study(file) for file in files])
    text = to_mermaid(graph)
    if target is None:
        return text
    kind = target.suffix.lower().lstrip(".")
    with publishing(target, overwrite=overwrite) as out:
        if kind == "md":
            names = ", ".join(file.name for file in files)
            page = f"# Experiments of {names}\n\n```mermaid\n{text}```\n"
            out.write(page.encode("utf-8", "backslashreplace"))
        else:
            from .drawing import draw_graph

            draw_graph(graph, out, kind)
    return text
