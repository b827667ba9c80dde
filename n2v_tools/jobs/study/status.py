"""Status of a study: plans, lists and tables of it as it is; nothing is run, made or written.

Tested in `tests/jobs/study/test_run.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...experiment.order import in_order
from ...experiment.study import Dataset, Experiment
from ...experiment.tables import as_numbers, as_text, read_rows
from ...filters.table import FILTERS
from ...words import flag
from ..desk.progress import Progress
from .request import ExperimentRequest
from .session import Session, Work
from .train_step import STEP, options_of


def list_study(request: ExperimentRequest, progress: Progress) -> list[dict[str, str]]:
    """List every experiment of a study and how far it is."""
    session = Session.open(request, progress)
    return [
        {
            "name": e.name,
            "dataset": e.dataset,
            "method": e.method,
            "after": ", ".join(e.needs),
            "status": _status(e, session) or "done",
        }
        for e in in_order(session.study.experiments)
    ]


def plan_study(request: ExperimentRequest, progress: Progress) -> list[str]:
    """Plan a run: a line for each experiment."""
    session = Session.open(request, progress)
    planned = in_order(session.study.experiments, request.names)
    return [f"{experiment.name}: {_plan(experiment, session)}" for experiment in planned]


def show_tables(request: ExperimentRequest, progress: Progress) -> list[str]:
    """Show the tables as they are now."""
    session = Session.open(request, progress)
    return [line for dataset in session.study.used for line in text_of(session, dataset)]


def table_rows(request: ExperimentRequest, progress: Progress) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables of a study, by dataset; numbers as numbers."""
    session = Session.open(request, progress)
    return {
        dataset.name: [as_numbers(row) for row in read_rows(session.table(dataset))]
        for dataset in session.study.used
    }


def text_of(session: Session, dataset: Dataset, changed: Collection[str] = ()) -> list[str]:
    """Lines of one table, under the name of its dataset; arguments as for `statuses_of`."""
    rows = read_rows(session.table(dataset))
    status = statuses_of(session, dataset, changed)
    return [dataset.name, *as_text(session.study, dataset, rows, status), ""]


def statuses_of(session: Session, dataset: Dataset, changed: Collection[str]) -> dict[str, str]:
    """Words of the table on experiments whose numbers are missing or old.

    `changed`: experiments that are no longer as they were run.
    """
    found = {e.name: _status(e, session) for e in session.study.experiments_on(dataset)}
    old = {name: "its settings or files changed since" for name in found if name in changed}
    return {**found, **old}


def _status(experiment: Experiment, session: Session) -> str:
    """How far an experiment is, in words; empty if it is done."""
    record = session.work(experiment.name).record
    steps = record.steps
    if "finished" in record.values and all(map(record.is_done, steps)):
        return ""
    failed = [name for name, step in steps.items() if step["status"] == "failed"]
    if failed:
        return f"failed in {failed[0]}"
    return "begun" if steps else "not run"


def _plan(experiment: Experiment, session: Session) -> str:
    status = _status(experiment, session)
    what = f"{experiment.method} on {experiment.dataset}"
    after = f", after {', '.join(experiment.needs)}" if experiment.needs else ""
    if session.runs_anew(experiment) or status == "not run":
        steps = [] if experiment.method in FILTERS else ["train"]
        steps += ["denoise", "evaluate", *(["preview"] if experiment.previews else [])]
        return f"to run ({', '.join(steps)}; {what}{after})"
    changed = _changed_options(session.work(experiment.name))
    if changed:
        return f"changed since it was run: {changed}; {flag('overwrite')} runs it again"
    return f"to go on ({status}; {what}{after})" if status else "done"


def _changed_options(work: Work) -> str:
    """Name the first option that differs from the recorded training; no file is looked at."""
    before = work.record.steps.get(STEP, {}).get("made_from")
    for name, value in options_of(work).items() if before is not None else ():
        if before.get(name) != value:
            return f"{name} was {before.get(name)}, is {value}"
    return ""
