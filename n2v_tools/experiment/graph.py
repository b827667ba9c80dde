"""Boxes and arrows: datasets with their preparation, experiments and evaluations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..measure.file_scores import METRICS
from .study import Dataset, Experiment, Preparation, Study
from .tables import edges_text

KINDS = {  # of boxes, with the colours of fill and edge
    "dataset": ("#dbe9f6", "#0072B2"),
    "preparation": ("#fdf0d5", "#E69F00"),
    "experiment": ("#d9f0e7", "#009E73"),
    "evaluation": ("#f6e3ee", "#CC79A7"),
}


@dataclass(frozen=True)
class Box:
    """One box."""

    key: str  # unlike that of any other box
    kind: str  # one of `KINDS`
    title: str
    lines: tuple[str, ...]  # what stands below the title
    # column, row: where it stands; rows count downwards
    column: float
    row: float


@dataclass
class Graph:
    """All boxes, and arrows between them as (from, to, word on the arrow)."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def n_rows(self) -> float:
        """Rows that are taken."""
        return max((box.row for box in self.boxes), default=0) + 1

    @property
    def n_columns(self) -> float:
        """Columns that are taken."""
        return max((box.column for box in self.boxes), default=0) + 1


def graph_of(studies: Iterable[Study]) -> Graph:
    """Lay out some studies, each dataset a block of rows with its experiments."""
    graph = Graph()
    blocks = [
        (study, dataset, study.experiments_on(dataset))
        for study in studies
        for dataset in study.used
    ]
    first = 1 + max((len(dataset.prepare) for _, dataset, _ in blocks), default=0)
    levels = max((_level(e, study) for study, _, own in blocks for e in own), default=0)
    row = 0.0
    for study, dataset, own in blocks:
        _add_block(graph, study, dataset, own, row, first, first + levels + 1)
        row += len(own) + 0.5
    return graph


def _add_block(
    graph: Graph, study: Study, dataset: Dataset, own: list[Experiment],
    row: float, first: int, last: int,
) -> None:  # fmt: skip
    """Add one dataset with all that is done with it."""
    middle = row + (len(own) - 1) / 2
    prefix = f"{study.file}/{dataset.name}"
    source = f"{prefix}/data"
    graph.boxes.append(
        Box(source, "dataset", dataset.name, tuple(_dataset_lines(dataset)), 0, middle)
    )
    for number, step in enumerate(dataset.prepare, start=1):
        key = f"{prefix}/prepare {number}"
        graph.boxes.append(
            Box(key, "preparation", step.kind, tuple(_step_lines(step)), number, middle)
        )
        graph.arrows.append((source, key, ""))
        source = key
    evaluations: dict[tuple[str, ...], list[tuple[float, str]]] = {}
    for place, e in enumerate(own):
        key = f"{study.file}/{e.name}"
        column = first + _level(e, study)
        lines = tuple(_experiment_lines(e))
        graph.boxes.append(Box(key, "experiment", e.name, lines, column, row + place))
        if e.train_on is None and e.start_from is None:
            graph.arrows.append((source, key, ""))
        for other in e.needs:
            graph.arrows.append((f"{study.file}/{other}", key, _what_is_taken(e, other)))
        evaluations.setdefault(tuple(_evaluation_lines(e, dataset)), []).append((row + place, key))
    for number, (lines_, users) in enumerate(evaluations.items(), start=1):
        key = f"{prefix}/evaluation {number}"
        at = sum(place for place, _ in users) / len(users)
        graph.boxes.append(Box(key, "evaluation", "evaluation", lines_, last, at))
        graph.arrows += [(user, key, "") for _, user in users]


def _level(experiment: Experiment, study: Study) -> int:
    """Count the experiments that must run one after the other before this one."""
    needs = [study.experiments[name] for name in experiment.needs]
    return 1 + max(_level(one, study) for one in needs) if needs else 0


def _what_is_taken(e: Experiment, other: str) -> str:
    """Name in a few words all that an experiment takes from another one."""
    links = {"weights": e.start_from, "restored files": e.train_on, "noise": e.noise_model_from}
    return ", ".join(word for word, name in links.items() if name == other)


def _dataset_lines(dataset: Dataset) -> list[str]:
    made = [f"generated: {', '.join(dict.fromkeys(b.kind for b in dataset.generate))}"]
    splits = ", ".join(dataset.files)
    truth = ["with truth"] if dataset.truth else ["no truth"]
    return [*(made if dataset.generate else []), splits, *truth]


def _step_lines(step: Preparation) -> list[str]:
    if step.kind == "add-background":
        return [str(step.options["file"]).rsplit("/", 1)[-1]]
    if step.kind == "split":
        return [", ".join(f"{split} {share:.0%}" for split, share in step.options["into"].items())]
    return [f"leaves out {'few and lost' if step.options.get('worst') == 'ok' else 'lost'} levels"]


def _experiment_lines(e: Experiment) -> list[str]:
    epochs = f", {e.epochs} epochs" if e.epochs else ""
    patch = f" {edges_text(e.patch)}" if e.patch else ""
    turned = ", augmented" if e.augment else ""
    return [f"{e.method}{patch}{epochs}{turned}"]


def _evaluation_lines(e: Experiment, dataset: Dataset) -> list[str]:
    if not dataset.truth:
        return ["judged without truth"]
    return ["against the truth", ", ".join(METRICS[metric][0] for metric in e.metrics)]
