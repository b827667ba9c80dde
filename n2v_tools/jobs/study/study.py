"""Named experiments of a study: run what is not done, and show what came of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import N2VToolsError, UsageError
from ...experiment.locks import BusyError, holding
from ...experiment.order import in_order
from ...experiment.reading import read_study
from ...experiment.record import Record, write_whole
from ...experiment.study import Dataset, Experiment, Study
from ...experiment.tables import as_markdown, as_numbers, as_text, read_rows
from ...filters.table import FILTERS
from ..desk.progress import Progress
from .places import Find, Places, Session
from .run import ChangedError, Run, error_text, record_path
from .train import OPTIONS, STEP, seed_of

NOT_YET = "not available yet"
MODELS = "models"  # under the study's folder, unless models have a place of their own


@dataclass(frozen=True)
class ExperimentRequest:
    """What ``n2v-experiment`` is asked to do.

    Parameters
    ----------
    file : Path
        The study.
    names : tuple of str
        Experiments; none means all.
    output : Path
        Folder in which the study has a folder of its name.
    models_dir : Path or None
        Where models go; None: into the study's folder.
    seed : int
        Of experiments that do not set their own.
    overwrite : bool
        Run what is named anew.
    """

    file: Path
    names: tuple[str, ...] = ()
    output: Path = Path("results")
    models_dir: Path | None = None
    seed: int = 0
    overwrite: bool = False


@dataclass(frozen=True)
class Ran:
    """What became of one experiment in this call.

    Parameters
    ----------
    name, dataset : str
    status : str
        "done", "done before", "failed", "changed", "left out" or "not available yet".
    steps : tuple of str
        That were done now.
    error : str
        Why not; empty if it is done.
    record : Path or None
    """

    name: str
    dataset: str
    status: str
    steps: tuple[str, ...] = ()
    error: str = ""
    record: Path | None = None

    @property
    def is_done(self) -> bool:
        """Whether its results are there."""
        return self.status in ("done", "done before")


@dataclass(frozen=True)
class StudyRun:
    """What became of a call.

    Parameters
    ----------
    study : Study
    ran : tuple of Ran
        In the order in which they ran.
    tables : mapping of str to Path
        Markdown table of each dataset.
    text : tuple of str
        The tables for a terminal.
    """

    study: Study
    ran: tuple[Ran, ...]
    tables: dict[str, Path] = field(default_factory=dict)
    text: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Ran, ...]:
        """Experiments that should have run and did not come to their end."""
        return tuple(one for one in self.ran if one.error and one.status != NOT_YET)

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

    Parameters
    ----------
    request : ExperimentRequest
    progress : Progress
    find : callable
        Gives a name of the study file its place.

    Raises
    ------
    N2VToolsError
        If the study cannot be read, or a named experiment cannot be run at all.
    """
    study = read_study(request.file)
    experiments = in_order(study.experiments, request.names)
    for name in request.names:
        if missing := study.experiments[name].missing:
            raise UsageError(f"{name}: {missing} is {NOT_YET}.")
    session = _session(study, request, progress, find)
    ran: dict[str, Ran] = {}
    for number, experiment in enumerate(experiments, start=1):
        progress.detail(f"[{number}/{len(experiments)}] {experiment.name}")
        anew = request.overwrite and (not request.names or experiment.name in request.names)
        ran[experiment.name] = _run(experiment, session, ran, anew=anew)
        session.hashes.save()
    tables, text = _write_tables(session, tuple(ran.values()))
    return StudyRun(study, tuple(ran.values()), tables, text)


def show_tables(request: ExperimentRequest, progress: Progress) -> StudyRun:
    """The tables as they are now; nothing is run or written."""
    study = read_study(request.file)
    session = _session(study, request, progress, lambda name: name)
    lines = []
    for dataset in _datasets(study, study.experiments.values()):
        lines += _text_of(session, dataset, ())
    return StudyRun(study, (), {}, tuple(lines))


def table_rows(request: ExperimentRequest, study: Study) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables of a study, by dataset; numbers as numbers."""
    root = request.output / study.name
    return {
        dataset.name: [as_numbers(row) for row in read_rows(root / f"{dataset.name}.csv")]
        for dataset in _datasets(study, study.experiments.values())
    }


def list_study(request: ExperimentRequest, progress: Progress) -> list[dict[str, str]]:
    """Every experiment of a study and how far it is; nothing is run or written."""
    study = read_study(request.file)
    session = _session(study, request, progress, lambda name: name)
    return [
        {
            "name": e.name,
            "dataset": e.dataset,
            "method": e.method,
            "after": ", ".join(e.needs),
            "status": _status(e, session) or "done",
        }
        for e in in_order(study.experiments)
    ]


def plan_study(request: ExperimentRequest, progress: Progress) -> list[str]:
    """What a run would do, a line for each experiment; nothing is run, made or written."""
    study = read_study(request.file)
    session = _session(study, request, progress, lambda name: name)
    lines = []
    for experiment in in_order(study.experiments, request.names):
        anew = request.overwrite and (not request.names or experiment.name in request.names)
        lines.append(f"{experiment.name}: {_plan(experiment, session, anew=anew)}")
    return lines


def _session(study: Study, request: ExperimentRequest, progress: Progress, find: Find) -> Session:
    root = (request.output / study.name).absolute()  # records outlive the current folder
    models = root / MODELS if request.models_dir is None else request.models_dir.absolute()
    places = Places(root, models)
    return Session(study, places, find, progress, request.seed, request.overwrite)


def _run(experiment: Experiment, session: Session, ran: dict[str, Ran], *, anew: bool) -> Ran:
    """Run one experiment; failures are values, not exceptions."""
    name, progress = experiment.name, session.progress
    if experiment.missing:
        progress.note(f"{name}: left out: {experiment.missing} is {NOT_YET}")
        error = f"{name}: {experiment.missing} is {NOT_YET}"
        return Ran(name, experiment.dataset, NOT_YET, error=error)
    stopped = [needed for needed in experiment.needs if not ran[needed].is_done]
    if stopped:
        error = f"{name}: left out, because {stopped[0]}, which it starts from, is not done"
        not_yet = all(ran[needed].status == NOT_YET for needed in stopped)
        return Ran(name, experiment.dataset, NOT_YET if not_yet else "left out", error=error)
    path = record_path(experiment, session)
    try:
        with holding(session.places.lock(name), name):
            run = Run(experiment, session, anew=anew)
            run.go()
    except BusyError as error:
        return Ran(name, experiment.dataset, "failed", error=str(error))
    except (N2VToolsError, OSError, MemoryError) as error:
        text = error_text(name, error)
        text = text if text.startswith(name) else f"{name}: {text}"
        status = "changed" if isinstance(error, ChangedError) else "failed"
        progress.note(f"{name} failed; going on with the others")
        return Ran(name, experiment.dataset, status, error=text, record=path)
    if not run.did:
        progress.note(f"{name}: done before, nothing to do")
    status = "done" if run.did else "done before"
    return Ran(name, experiment.dataset, status, tuple(run.did), record=path)


def _write_tables(session: Session, ran: Sequence[Ran]) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Write the Markdown table of each dataset that was worked on; all of them as text."""
    study, tables, lines = session.study, {}, []
    touched = {one.dataset for one in ran}
    for dataset in _datasets(study, study.experiments.values()):
        if dataset.name not in touched:
            continue
        path = session.places.table(dataset)
        target = path.with_suffix(".md")
        with holding(session.places.lock(f"table {dataset.name}"), str(target), wait=True):
            status = _statuses(session, dataset, ran)
            write_whole(target, as_markdown(study, dataset, read_rows(path), status))
        tables[dataset.name] = target
        lines += _text_of(session, dataset, ran)
    return tables, tuple(lines)


def _text_of(session: Session, dataset: Dataset, ran: Sequence[Ran]) -> list[str]:
    rows = read_rows(session.places.table(dataset))
    text = as_text(session.study, dataset, rows, _statuses(session, dataset, ran))
    return [dataset.name, *text, ""]


def _statuses(session: Session, dataset: Dataset, ran: Sequence[Ran]) -> dict[str, str]:
    """What the table says of experiments whose numbers are missing or old."""
    found = {
        e.name: _status(e, session)
        for e in session.study.experiments.values()
        if e.dataset == dataset.name
    }
    changed = {
        one.name: "its settings or files changed since" for one in ran if one.status == "changed"
    }
    return {**found, **changed}


def _status(experiment: Experiment, session: Session) -> str:
    """How far an experiment is, in words; empty if it is done."""
    if experiment.missing:
        return f"{NOT_YET}: {experiment.missing}"
    values = Record.read(record_path(experiment, session)).values
    steps = values.get("steps", {})
    if "finished" in values and all(step["status"] == "done" for step in steps.values()):
        return ""
    failed = [name for name, step in steps.items() if step["status"] == "failed"]
    if failed:
        return f"failed in {failed[0]}"
    return "begun" if steps else "not run"


def _plan(experiment: Experiment, session: Session, *, anew: bool) -> str:
    if experiment.missing:
        return f"{NOT_YET}: {experiment.missing}"
    what = f"{experiment.method} on {experiment.dataset}"
    after = f", after {', '.join(experiment.needs)}" if experiment.needs else ""
    status = _status(experiment, session)
    if anew or status == "not run":
        steps = [] if experiment.method in FILTERS else ["train"]
        steps += ["denoise", "evaluate", *(["preview"] if experiment.previews else [])]
        return f"to run ({', '.join(steps)}; {what}{after})"
    changed = _changed_options(experiment, session)
    if changed:
        return f"changed since it was run: {changed}; --overwrite runs it anew"
    return "done" if not status else f"to go on ({status}; {what}{after})"


def _changed_options(experiment: Experiment, session: Session) -> str:
    """The first option that differs from the recorded training; files are not looked at."""
    record = Record.read(record_path(experiment, session))
    before = record.steps.get(STEP, {}).get("made_from")
    if before is None:
        return ""
    options = {name: getattr(experiment, name) for name in OPTIONS}
    options["patch"] = list(experiment.patch) if experiment.patch else None
    options["seed"] = seed_of(experiment, session)
    for name, value in options.items():
        if before.get(name) != value:
            return f"{name} was {before.get(name)}, is {value}"
    return ""


def _datasets(study: Study, experiments: Any) -> list[Dataset]:
    """Datasets that have experiments, in the order of the file."""
    used = {e.dataset for e in experiments}
    return [d for d in study.datasets.values() if d.name in used]


def _results(one: Ran) -> dict[str, Any]:
    """What the evaluation of each split gave."""
    if one.record is None or not one.is_done:
        return {}
    record = Record.read(one.record)
    found = {}
    for name in record.steps:
        if name.startswith("evaluate "):
            found[name.removeprefix("evaluate ")] = record.result(name)
    return found
