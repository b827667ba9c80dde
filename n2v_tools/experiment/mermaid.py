"""A map of experiments as Mermaid text, which GitHub and many editors draw."""

from __future__ import annotations

from .graph import Graph

SHAPES = {
    "dataset": ("[(", ")]"),
    "preparation": ("[/", "/]"),
    "experiment": ("[", "]"),
    "missing": ("[", "]"),
    "evaluation": ("([", "])"),
}
STYLES = (
    "classDef dataset fill:#dbe9f6,stroke:#0072B2,color:#111",
    "classDef preparation fill:#fdf0d5,stroke:#E69F00,color:#111",
    "classDef experiment fill:#d9f0e7,stroke:#009E73,color:#111",
    "classDef missing fill:#f2f2f2,stroke:#999,color:#666,stroke-dasharray:4 3",
    "classDef evaluation fill:#f6e3ee,stroke:#CC79A7,color:#111",
)


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
    return "\n".join([*lines, *(f"  {style}" for style in STYLES)]) + "\n"


def _escaped(text: str) -> str:
    """Text without what Mermaid would read as its own, as its numbered entities."""
    special = '"<>#&;`{}[]|\\'
    return "".join(f"#{ord(c)};" if c in special else c for c in text)
