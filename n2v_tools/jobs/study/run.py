"""One experiment from its files to its rows in the table, step by step, each recorded."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import __version__
from ...claim import PARTIAL
from ...errors import N2VToolsError, StackError
from ...experiment.record import RECORD_NAME, Record, key_of, now, write_whole
from ...experiment.study import SPLITS, Experiment
from ...experiment.tables import append_rows, edges_text, yes_or_no
from ...filters.table import FILTERS
from ..desk.inputs import one_line
from ..desk.provenance import versions
from . import results as results
from .data import Data, Item
from .places import RECORDS, Session
from .train import STEP, command_of, seed_of, train, training_of

CLEARING = "forgetting"  # names of steps, while they are being forgotten


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Parameters
    ----------
    name : str
        In the record.
    made_from : callable
        Gives all that decides on the result, JSON values.
    do : callable
        Does it and gives the result; told whether the same was begun before.
    """

    name: str
    made_from: Callable[[], dict[str, Any]]
    do: Callable[[bool], dict[str, Any]]


class Run:
    """One experiment, whose lock this process holds.

    Parameters
    ----------
    experiment : Experiment
    session : Session
    anew : bool
        Do again what changed, with all that was made from it; or all, if nothing changed.
    """

    def __init__(self, experiment: Experiment, session: Session, *, anew: bool = False) -> None:
        self.experiment = experiment
        self.session = session
        self.anew = anew
        self.record = Record.read(record_path(experiment, session))
        self.did: list[str] = []

    def go(self) -> None:
        """Do all steps that are not done; afterwards `did` names them.

        Raises
        ------
        ChangedError
            If a step was done with other settings or files, and may not be done anew.
        N2VToolsError
            If a step fails; its error is recorded.
        """
        self._forget(self.record.values.get(CLEARING, ()))
        data = self._data()
        if self.anew and self._is_all_done(data):
            self._forget(list(self.record.steps))
        for step in self._steps(data):
            self._do(step)
        self._finish()

    def _is_all_done(self, data: Data) -> bool:
        """Whether nothing changed and nothing is left to do."""
        for step in self._steps(data):
            if not self.record.is_done(step.name) or self.record.change(
                step.name, step.made_from()
            ):
                return False
        return True

    def _data(self) -> Data:
        """The dataset; or in place of its noisy files what another experiment restored."""
        data = self.session.data(self.experiment.dataset)
        if self.experiment.train_on is None:
            return data
        other = self._other(self.experiment.train_on)
        splits = {}
        for split in data.splits:
            files = other.result(f"denoise {split}").get("files", ())
            if files:
                splits[split] = tuple(Item(file["restored"], file["truth"]) for file in files)
        return replace(data, splits=splits)

    def _other(self, name: str) -> Record:
        return Record.read(record_path(self.session.study.experiments[name], self.session))

    def _steps(self, data: Data) -> Iterator[Step]:
        """Each step when the one before is done, since it is made from that one's result."""
        e, session, record = self.experiment, self.session, self.record
        if e.method not in FILTERS:
            files = [item.noisy for item in self._training_items(data)]
            base = self._base()
            yield Step(
                STEP,
                lambda: training_of(e, session, files, base),
                lambda again: train(e, session, record, files, base, again=again),
            )
        for split in results.splits_of(e, data):
            yield from self._steps_after_training(split, data)

    def _steps_after_training(self, split: str, data: Data) -> Iterator[Step]:
        e, session, record = self.experiment, self.session, self.record
        yield Step(
            f"denoise {split}",
            lambda: results.denoising_of(e, session, data.splits[split], record),
            lambda again: results.denoise(e, session, split, data, record, again=again),
        )
        yield Step(
            f"evaluate {split}",
            lambda: results.evaluation_of(e, session, split, record),
            lambda again: results.evaluate(e, session, split, record),
        )
        if e.previews:
            yield Step(
                f"preview {split}",
                lambda: results.preview_of(e, split, record),
                lambda again: results.preview(e, session, split, record),
            )

    def _training_items(self, data: Data) -> tuple[Item, ...]:
        if "train" not in data.splits:
            raise StackError(
                f"{self.experiment.name}: {self.experiment.train_on or self.experiment.dataset} "
                "has no split train to learn from. Name its files with `train:`."
            )
        return data.splits["train"]

    def _base(self) -> Path | None:
        name = self.experiment.start_from
        return Path(self._other(name).result(STEP)["model"]) if name else None

    def _do(self, step: Step) -> None:
        """Do a step unless it is done."""
        made_from = step.made_from()
        change = self.record.change(step.name, made_from)
        if change:
            if not self.anew and (self.record.is_done(step.name) or self._is_half_trained(step)):
                raise ChangedError(
                    f"{self.experiment.name}: changed since its step {step.name!r} was run: "
                    f"{change}. Nothing was replaced. Pass --overwrite to run it anew from that "
                    "step on, or give the new settings to an experiment of another name."
                )
            self._forget(self._from(step))
        if self.record.is_done(step.name):
            return
        again = step.name in self.record.steps
        self.session.progress.note(f"{self.experiment.name}: {step.name}")
        self.record.begin(step.name, made_from, replace=self.anew)
        started = time.perf_counter()
        try:
            result = step.do(again)
        except (N2VToolsError, OSError, MemoryError) as error:
            self.record.fail(step.name, error_text(self.experiment.name, error))
            raise
        self.record.finish(step.name, result, time.perf_counter() - started)
        self.did.append(step.name)

    def _is_half_trained(self, step: Step) -> bool:
        """Whether an interrupted training would be lost."""
        target = self.session.places.models / self.experiment.model
        return step.name == STEP and target.with_name(target.name + PARTIAL).exists()

    def _from(self, step: Step) -> list[str]:
        """A step and all that was made from its result."""
        if step.name == STEP:
            return list(self.record.steps)
        what, split = step.name.split(" ")
        after = {"denoise": ("denoise", "evaluate", "preview")}.get(what, (what,))
        return [f"{name} {split}" for name in after]

    def _forget(self, names: Sequence[str]) -> None:
        """Forget steps and delete what was restored; a kill in between is made up for."""
        if not names:
            return
        self.record.note(**{CLEARING: list(names)})
        folder = self.session.places.of(self.experiment)
        for name in names:
            if name.startswith("denoise "):
                split = name.removeprefix("denoise ")
                for made in (split, f"{split}{results.WITHOUT}"):
                    shutil.rmtree(folder / made, ignore_errors=True)
        del self.record.values[CLEARING]
        self.record.forget(names)

    def _finish(self) -> None:
        """Complete the record, keep a copy of it, and add the rows to the table."""
        e, session, record = self.experiment, self.session, self.record
        if self.did or "finished" not in record.values:
            dataset = session.study.datasets[e.dataset]
            record.note(
                experiment=e.name,
                dataset=dataset.name,
                study=str(session.study.file),
                command=list(command_of(e, session)),
                seed=seed_of(e, session),
                notes=e.notes,
                preparation=session.data(e.dataset).facts,
                key=key_of({name: step["key"] for name, step in record.steps.items()}),
                finished=now(),
                **versions(),
            )
        copy = self._copy()
        if not copy.exists():
            write_whole(copy, record.path.read_text(encoding="utf-8"))
        self._add_rows(copy)

    def _copy(self) -> Path:
        stamp = self.record.values["finished"].replace(":", "").replace("+0000", "Z")
        return self.session.places.root / RECORDS / f"{self.experiment.name}_{stamp}.json"

    def _add_rows(self, copy: Path) -> None:
        from ...experiment.locks import holding

        places = self.session.places
        dataset = self.session.study.datasets[self.experiment.dataset]
        table = places.table(dataset)
        with holding(places.lock(f"table {dataset.name}"), str(table), wait=True):
            append_rows(table, rows_of(self.experiment, self.session, self.record, copy))


class ChangedError(StackError):
    """An experiment that was run with other settings or files."""


def rows_of(
    experiment: Experiment, session: Session, record: Record, copy: Path
) -> list[dict[str, Any]]:
    """Rows of a finished run: one for each split and metric."""
    training = record.result(STEP)
    common = {
        "experiment": experiment.name,
        "dataset": experiment.dataset,
        "method": experiment.method,
        "preset": experiment.preset if training else "",
        "patch": edges_text(training.get("patch")),
        "epochs": training.get("epochs"),
        "steps": training.get("steps"),
        "augmentation": yes_or_no(training.get("augment")) if training else "",
        "notes": experiment.notes,
        "seed": record.values["seed"],
        "training_s": training.get("training_seconds"),
        "model": training.get("model"),
        "finished": record.values["finished"],
        "n2v_tools": record.values.get("n2v_tools", __version__),
        "study": record.values["study"],
        "key": record.values["key"],
        "record": copy.relative_to(session.places.root),
    }
    shown = experiment.evaluate.get("metrics", results.METRICS)
    rows = []
    for split in SPLITS:
        if not record.is_done(f"evaluate {split}"):
            continue
        found = record.result(f"evaluate {split}")
        denoised = record.result(f"denoise {split}")
        base = {**common, "split": split, "denoising_s": denoised["seconds"]}
        for metric in shown if "metrics" in found else ():
            rows.append({**base, "metric": metric, **_numbers(found["metrics"][metric])})
        if "metrics" not in found:
            rows.append({**base, "metric": "", "verdict": found.get("verdict", "")})
    return rows


def _numbers(found: dict[str, Any]) -> dict[str, Any]:
    numbers: dict[str, Any] = {"n": found["gain"]["n"]}
    for role in ("noisy", "restored", "gain"):
        numbers |= {f"{role}_{name}": found[role][name] for name in ("mean", "std")}
    return {**numbers, "gain_low": found["gain"]["low"], "gain_high": found["gain"]["high"]}


def record_path(experiment: Experiment, session: Session) -> Path:
    """Where the record of an experiment lies."""
    return session.places.of(experiment) / RECORD_NAME


def error_text(name: str, error: BaseException) -> str:
    """One line on why an experiment failed."""
    if isinstance(error, MemoryError):
        return f"{name}: memory ran out; use a smaller patch or batch"
    if isinstance(error, (N2VToolsError, OSError)):
        return " ".join(one_line(name, error).split())
    return str(error)
