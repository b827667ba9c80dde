"""One experiment from its files to its rows in the table, step by step, each recorded.

Tested in `tests/jobs/study/test_run.py`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...claim import PARTIAL
from ...errors import N2VToolsError, StackError
from ...experiment.locks import holding
from ...experiment.run_record import key_of, now
from ...experiment.tables import append_rows, rows_of
from ...experiment.textfile import write_whole
from ...filters.table import FILTERS
from ...words import flag
from ..desk.inputs import one_line
from ..desk.provenance import versions
from . import result_steps as results
from .data import Data, Item
from .session import Session
from .train_step import STEP, train, training_of

CLEARING = "forgetting"  # names of steps, while they are being forgotten
RECORDS = "_records"  # a copy of the record of each finished run


@dataclass(frozen=True)
class Step:
    """One thing to do."""

    name: str  # in the record
    made_from: Callable[[], dict[str, Any]]  # gives all that decides on the result, JSON values
    # does it and gives the result; its argument says whether the same was begun before
    do: Callable[[bool], dict[str, Any]]


class ChangedError(StackError):
    """An experiment that was run with other settings or files."""


class Run:
    """One experiment, whose lock this process holds.

    If it runs anew in the session, what changed is done again with all that was made from it; or
    all, if nothing changed.
    """

    def __init__(self, name: str, session: Session) -> None:
        self.session = session
        self.work = session.work(name)
        self.experiment, self.record = self.work.experiment, self.work.record
        self.anew = session.runs_anew(self.experiment)
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
        if self.anew and all(self._is_settled(step) for step in self._steps(data)):
            self._forget(list(self.record.steps))
        for step in self._steps(data):
            self._do(step)
        self._finish()

    def _is_settled(self, step: Step) -> bool:
        """Whether a step is done and nothing that it was made from changed."""
        record = self.record
        return record.is_done(step.name) and not record.change(step.name, step.made_from())

    def _data(self) -> Data:
        """The dataset; or in place of its noisy files those that another experiment restored."""
        data = self.session.data(self.experiment.dataset)
        if self.experiment.train_on is None:
            return data
        other = self.session.work(self.experiment.train_on).record
        splits = {}
        for split in data.splits:
            files = other.result(f"denoise {split}").get("files", ())
            if files:
                splits[split] = tuple(Item(file["restored"], file["truth"]) for file in files)
        return replace(data, splits=splits)

    def _steps(self, data: Data) -> Iterator[Step]:
        """Each step when the one before is done, since it is made from that one's result."""
        work = self.work
        if self.experiment.method not in FILTERS:
            files = [item.noisy for item in self._training_items(data)]
            base, pair = self._base(), self._noise_pair()
            yield Step(
                STEP,
                lambda: training_of(work, files, base, pair),
                lambda again: train(work, files, base, pair, again=again),
            )
        for split in results.splits_of(work, data):
            yield from self._steps_after_training(split, data)

    def _steps_after_training(self, split: str, data: Data) -> Iterator[Step]:
        work = self.work
        yield Step(
            f"denoise {split}",
            lambda: results.denoising_of(work, data.splits[split]),
            lambda again: results.denoise(work, split, data, again=again),
        )
        yield Step(
            f"evaluate {split}",
            lambda: results.evaluation_of(work, split),
            lambda again: results.evaluate(work, split),
        )
        if self.experiment.previews:
            yield Step(
                f"preview {split}",
                lambda: results.preview_of(work, split),
                lambda again: results.preview(work, split),
            )

    def _training_items(self, data: Data) -> tuple[Item, ...]:
        if "train" not in data.splits:
            raise StackError(
                f"{self.experiment.name}: {self.experiment.train_on or self.experiment.dataset} "
                "has no split train to learn from. Name its files with `train:`."
            )
        return data.splits["train"]

    def _noise_pair(self) -> tuple[str, str] | None:
        """A noisy file, and what another experiment restored of it, to learn the noise from."""
        name = self.experiment.noise_model_from
        if name is None:
            return None
        noisy = self._training_items(self.session.data(self.experiment.dataset))
        files = self.session.work(name).record.result("denoise train").get("files", ())
        if not files:
            raise StackError(
                f"{self.experiment.name}: {name} has restored no files of the split train, from "
                "which the noise could be learned. Let it denoise that split."
            )
        return str(noisy[0].noisy), str(files[0]["restored"])

    def _base(self) -> Path | None:
        name = self.experiment.start_from
        return Path(self.session.work(name).record.result(STEP)["model"]) if name else None

    def _do(self, step: Step) -> None:
        """Do a step unless it is done."""
        made_from = step.made_from()
        change = self.record.change(step.name, made_from)
        if change:
            if not self.anew and (self.record.is_done(step.name) or self._is_half_trained(step)):
                raise ChangedError(
                    f"{self.experiment.name}: changed since its step {step.name!r} was run: "
                    f"{change}. Nothing was replaced. Pass {flag('overwrite')} to run it again "
                    "from that step on, or give the new settings to an experiment of another name."
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
        target = self.session.models / self.experiment.model
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
        folder = self.work.folder
        for name in names:
            if name.startswith("denoise "):
                split = name.removeprefix("denoise ")
                for made in (split, f"{split}{results.WITHOUT}"):
                    shutil.rmtree(folder / made, ignore_errors=True)
        del self.record.values[CLEARING]
        self.record.forget(names)

    def _finish(self) -> None:
        """Complete the record, keep a copy of it, and add the rows to the table."""
        record, dataset = self.record, self.work.dataset
        if self.did or "finished" not in record.values:
            record.note(
                experiment=self.experiment.name,
                dataset=dataset.name,
                study=str(self.session.study.file),
                command=list(self.work.command),
                seed=self.work.seed,
                notes=self.experiment.notes,
                preparation=self.session.data(dataset.name).facts,
                key=key_of({name: step["key"] for name, step in record.steps.items()}),
                finished=now(),
                **versions(),
            )
        stamp = record.values["finished"].replace(":", "").replace("+0000", "Z")
        copy = Path(RECORDS) / f"{self.experiment.name}_{stamp}.json"
        if not (self.session.root / copy).exists():
            write_whole(self.session.root / copy, record.path.read_text(encoding="utf-8"))
        table = self.session.table(dataset)
        with holding(self.session.lock(f"table {dataset.name}"), str(table), wait=True):
            append_rows(table, rows_of(self.experiment, record, copy))


def error_text(name: str, error: N2VToolsError | OSError | MemoryError) -> str:
    """One line on why an experiment failed."""
    if isinstance(error, MemoryError):
        return f"{name}: memory ran out; use a smaller patch or batch"
    text = " ".join(one_line(name, error).split())
    return text if text.startswith(name) else f"{name}: {text}"
