"""A map of experiments as Mermaid text, which GitHub and many editors draw."""

from __future__ import annotations

from .graph import KINDS, Graph

SHAPES = {
    "dataset": ("[(", ")]"),
    "preparation": ("[/", "/]"),
    "experiment": ("[", "]"),
    "evaluation": ("([", "])"),
}


def to_mermaid(graph: Graph) -> str:
    """Return a ``flowchart`` of all boxes and arrows."""
    names = {box.key: f"n{number}" for number, box in enumerate(graph.boxes, start=1)}
    lines = ["flowchart LR"]
    for box in graph.boxes:
        start, end = SHAPES[box.kind]
        label = "<br>".join(_escaped(text) for text in (box.title, *box.lines))
        lines.append(f'  {names[box.key]}{start}"{label}"{end}:::{box.kind}')
    for source, target, word in graph.arrows:
        between = f'-- "{_escaped(word)}" -->' if word else "-->"
        lines.append(f"  {names[source]} {between} {names[target]}")
    for kind, (fill, edge) in KINDS.items():
        lines.append(f"  classDef {kind} fill:{fill},stroke:{edge},color:#111")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Text without what Mermaid would read as its own, as its numbered entities."""
    special = '"<>#&;`{}[]|\\'
    return "".join(f"#{ord(c)};" if c in special else c for c in text)
