"""Restored files judged without their truth: paired, judged, and written as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...report.plain import csv_text, json_text
from ...trust.quality import judge_restored
from ...trust.verdicts import Quality
from ..desk.choices import SUFFIX
from ..desk.outcomes import Outcome, Outcomes, measure_each, require_table, write_text
from ..desk.output_names import require_inputs_kept
from ..desk.pairs import Trio, pair_files
from ..desk.progress import Progress, Step
from ..desk.provenance import read_own_record
from ..desk.single import require_restored

MARKS = {"good": "good", "note": "note", "worry": "WORRY", "cannot tell": "?"}


@dataclass(frozen=True)
class QualityRequest:
    """What is to be judged."""

    # restored, noisy: files, folders or globs
    restored: str
    noisy: str
    suffix: str = SUFFIX  # of restored files, for pairing
    axes: str | None = None  # of all files; None takes each file's own
    seed: int = 0
    output: Path | None = None  # table to write, by its ending
    overwrite: bool = False
    command: tuple[str, ...] = ()  # the command line, for the record


@dataclass(frozen=True)
class Judgements(Outcomes[Quality]):
    """All pairs."""

    def to_json(self) -> dict[str, Any]:
        """Everything as one object."""
        files = [
            {**one.names, **(one.found.to_json() if one.found else {"error": one.error})}
            for one in self.files
        ]
        overall = Counter(quality.overall.name for quality in self.measured)
        return {"overall": dict(overall), "files": files, **self.record()}

    def as_text(self) -> str:
        """For a person."""
        return "\n\n".join(
            _text(one.names["restored"], one.found) for one in self.files if one.found
        )

    def as_markdown(self) -> str:
        """A document, with the command that repeats it."""
        lines = ["# Quality without the truth", ""]
        for one in self.files:
            lines += _section(one)
        return "\n".join([*lines, "", f"    {self.command_text}", ""])

    def as_csv(self) -> str:
        """One row per verdict, the overall one first."""
        head = ("restored", "noisy", "verdict", "level", "value", "unit", "sentence", "error")
        return csv_text([head, *(row for one in self.files for row in _rows(one))])


def judge_files(request: QualityRequest, progress: Progress) -> Judgements:
    """Pair restored files with noisy ones, judge each, and write the table.

    Raises
    ------
    N2VToolsError
        If nothing can be judged, or the table cannot be written.
    """
    output = request.output
    require_table(output, overwrite=request.overwrite)
    specs = {"restored": request.restored, "noisy": request.noisy}
    trios = pair_files(specs, request.suffix, request.axes, progress.note)
    if output is not None:
        require_inputs_kept([output], [Path(name) for t in trios for name in t.names.values()])

    def judge(trio: Trio, step: Step) -> Quality:
        noisy, restored = trio.stacks["noisy"], trio.stacks["restored"]
        for path in restored.files[:1]:
            require_restored(path, read_own_record(path))
        return judge_restored(noisy, restored, seed=request.seed, step=step)

    found = Judgements(
        measure_each(trios, judge, progress),
        seed=request.seed,
        command=request.command,
        output=output,
    )
    if output is not None:
        ending = output.suffix.lower()
        if ending == ".json":
            text = json_text(found.to_json()) + "\n"
        else:
            text = found.as_markdown() if ending == ".md" else found.as_csv()
        write_text(text, output, overwrite=request.overwrite)
    return found


def _text(name: str, quality: Quality) -> str:
    wide = max(len(verdict.title) for verdict in quality.verdicts)
    lines = [
        f"{name}: {quality.overall.title}",
        f"  {quality.overall.sentence}",
        *(f"  {MARKS[v.level]:5}  {v.title:{wide}}  {v.sentence}" for v in quality.verdicts),
        *(f"  {text}" for text in quality.do_not_measure),
    ]
    return "\n".join(lines)


def _section(one: Outcome[Quality]) -> list[str]:
    if one.found is None:
        return [f"failed: {one.error}", ""]
    overall, verdicts = one.found.overall, one.found.verdicts
    return [
        *(f"## {one.names['restored']}: {overall.title}", "", overall.sentence, ""),
        *("| | | |", "| --- | --- | --- |"),
        *(f"| {v.level} | {v.title} | {v.sentence} |" for v in verdicts),
        *("", *(f"- {text}" for text in one.found.do_not_measure), ""),
    ]


def _rows(one: Outcome[Quality]) -> Iterator[tuple[Any, ...]]:
    names = (one.names["restored"], one.names.get("noisy", ""))
    if one.found is None:
        yield (*names, *[""] * 5, one.error)
        return
    overall = one.found.overall.to_json()
    verdicts = [verdict.to_json() for verdict in one.found.verdicts]
    for verdict in ({**overall, "name": f"overall: {overall['name']}"}, *verdicts):
        cells = (verdict[key] for key in ("name", "level", "value", "unit", "sentence"))
        yield (*names, *cells, "")
