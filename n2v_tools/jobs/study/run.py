"""Run of a study: what is not done is done, and the tables show the results of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import N2VToolsError
from ...experiment.locks import BusyError, holding
from ...experiment.order import in_order
from ...experiment.run_record import Record
from ...experiment.study import Study
from ...experiment.tables import as_markdown, read_rows
from ...experiment.textfile import write_whole
from ..desk.progress import Progress
from .data import Find
from .one import ChangedError, Run, error_text
from .request import ExperimentRequest
from .session import Session
from .status import statuses_of, text_of


@dataclass(frozen=True)
class Ran:
    """What became of one experiment in this call."""

    name: str
    dataset: str
    status: str  # "done", "done before", "failed", "changed" or "left out"
    steps: tuple[str, ...] = ()  # that were done now
    error: str = ""  # why not; empty if it is done
    record: Path | None = None

    @property
    def is_done(self) -> bool:
        """Whether its results are there."""
        return self.status in ("done", "done before")


@dataclass(frozen=True)
class StudyRun:
    """What became of a call."""

    study: Study
    ran: tuple[Ran, ...]  # in the order in which they ran
    tables: dict[str, Path] = field(default_factory=dict)  # Markdown table of each dataset
    text: tuple[str, ...] = ()  # the tables for a terminal

    @property
    def failed(self) -> tuple[Ran, ...]:
        """Experiments that should have run and did not come to their end."""
        return tuple(one for one in self.ran if one.error)

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        return {
            "study": self.study.name,
            "file": self.study.file,
            "experiments": [
                {
                    "name": one.name,
                    "dataset": one.dataset,
                    "status": one.status,
                    "steps": one.steps,
                    "record": one.record,
                    **({"error": one.error} if one.error else {}),
                    "results": _results(one),
                }
                for one in self.ran
            ],
            "tables": self.tables,
        }


def run_study(
    request: ExperimentRequest, progress: Progress, find: Find = lambda name: name
) -> StudyRun:
    """Run experiments that are not done, one after the other; one that fails stops no other.

    `find` gives a name of the study file its place.

    Raises
    ------
    N2VToolsError
        If the study cannot be read, or has no experiment of a name asked for.
    """
    session = Session.open(request, progress, find)
    study = session.study
    experiments = in_order(study.experiments, request.names)
    ran: dict[str, Ran] = {}
    for number, experiment in enumerate(experiments, start=1):
        progress.detail(f"[{number}/{len(experiments)}] {experiment.name}")
        ran[experiment.name] = _run(experiment.name, session, ran)
        session.hashes.save()
    tables, text = _write_tables(session, ran)
    return StudyRun(study, tuple(ran.values()), tables, text)


def _run(name: str, session: Session, ran: Mapping[str, Ran]) -> Ran:
    """Run one experiment; failures are values, not exceptions."""
    experiment, progress = session.study.experiments[name], session.progress
    stopped = [needed for needed in experiment.needs if not ran[needed].is_done]
    if stopped:
        error = f"{name}: left out, because {stopped[0]}, which it starts from, is not done"
        return Ran(name, experiment.dataset, "left out", error=error)
    path = session.record_path(name)
    try:
        with holding(session.lock(name), name):
            run = Run(name, session)
            run.go()
    except BusyError as error:
        return Ran(name, experiment.dataset, "failed", error=str(error))
    except (N2VToolsError, OSError, MemoryError) as error:
        status = "changed" if isinstance(error, ChangedError) else "failed"
        progress.note(f"{name} failed; going on with the others")
        return Ran(name, experiment.dataset, status, error=error_text(name, error), record=path)
    if not run.did:
        progress.note(f"{name}: done before, nothing to do")
    status = "done" if run.did else "done before"
    return Ran(name, experiment.dataset, status, tuple(run.did), record=path)


def _write_tables(
    session: Session, ran: Mapping[str, Ran]
) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Write the Markdown table of each dataset that was worked on; all of them as text."""
    tables, lines = {}, []
    changed = [one.name for one in ran.values() if one.status == "changed"]
    for dataset in session.study.used:
        if dataset.name not in {one.dataset for one in ran.values()}:
            continue
        path = session.table(dataset)
        target = path.with_suffix(".md")
        with holding(session.lock(f"table {dataset.name}"), str(target), wait=True):
            status = statuses_of(session, dataset, changed)
            write_whole(target, as_markdown(session.study, dataset, read_rows(path), status))
        tables[dataset.name] = target
        lines += text_of(session, dataset, changed)
    return tables, tuple(lines)


def _results(one: Ran) -> dict[str, Any]:
    """Results of the evaluation of each split."""
    if one.record is None or not one.is_done:
        return {}
    record = Record.read(one.record)
    return {
        name.removeprefix("evaluate "): record.result(name)
        for name in record.steps
        if name.startswith("evaluate ")
    }
