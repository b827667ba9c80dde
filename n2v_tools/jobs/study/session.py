"""Session: all that the experiments of one run share, and where everything of a study goes.

Tested in `tests/jobs/study/test_run.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ...experiment.hashes import Hashes
from ...experiment.locks import holding
from ...experiment.reading import read_study
from ...experiment.run_record import RECORD_NAME, Record
from ...experiment.study import Dataset, Experiment, Study
from ...io.sha256 import sha256_of
from ..desk.progress import Progress
from .data import Data, DataPlace, Find
from .pairing import open_data
from .request import ExperimentRequest

DATA = "_data"
LOCKS = "_locks"
MODELS = "models"  # under the study's folder, unless models have a place of their own


@dataclass
class Session:
    """The study at hand."""

    study: Study
    request: ExperimentRequest
    progress: Progress
    find: Find  # gives a name in the study file its place
    _data: dict[str, Data] = field(default_factory=dict)

    @classmethod
    def open(
        cls, request: ExperimentRequest, progress: Progress, find: Find = lambda name: name
    ) -> Session:
        """Read the study; nothing is written."""
        return cls(read_study(request.file), request, progress, find)

    @cached_property
    def root(self) -> Path:
        """OUTPUT/NAME of the study; absolute, since records outlive the current folder."""
        return (self.request.output / self.study.name).absolute()

    @cached_property
    def models(self) -> Path:
        """Folder of the models."""
        given = self.request.models_dir
        return self.root / MODELS if given is None else given.absolute()

    @cached_property
    def hashes(self) -> Hashes:
        """Hashes of input files, remembered from run to run."""
        return Hashes(self.root / DATA / "hashes.json", sha256_of)

    def table(self, dataset: Dataset) -> Path:
        """The CSV file; the Markdown file ends in .md."""
        return self.root / f"{dataset.name}.csv"

    def lock(self, name: str) -> Path:
        """Lock of an experiment, a dataset or a table."""
        return self.root / LOCKS / f"{name}.lock"

    def runs_anew(self, experiment: Experiment) -> bool:
        """Whether an experiment may replace its results; one that is only needed may not."""
        names = self.request.names
        return self.request.overwrite and (not names or experiment.name in names)

    def data(self, name: str) -> Data:
        """The files of a dataset, generated, found and prepared once."""
        if name not in self._data:
            say = self.progress.note
            with holding(self.lock(f"data {name}"), f"the dataset {name}", wait=True, say=say):
                place = DataPlace(
                    self.root / DATA / name,
                    self.find,
                    self.hashes,
                    self.progress,
                    self.request.overwrite,
                )
                self._data[name] = open_data(self.study.datasets[name], place)
                self.hashes.save()
        return self._data[name]

    def record_path(self, name: str) -> Path:
        """Where the record of an experiment lies."""
        return self.root / name / RECORD_NAME

    def work(self, name: str) -> Work:
        """One experiment with its record as it is on disk."""
        return Work(self.study.experiments[name], self, Record.read(self.record_path(name)))


@dataclass(frozen=True)
class Work:
    """One experiment of a session, and its record."""

    experiment: Experiment
    session: Session
    record: Record

    @property
    def folder(self) -> Path:
        """Folder of what the experiment makes, besides its model."""
        return self.record.path.parent

    @property
    def dataset(self) -> Dataset:
        """Its dataset, as the file has it."""
        return self.session.study.datasets[self.experiment.dataset]

    @property
    def seed(self) -> int:
        """The experiment's own seed, else that of the command."""
        own = self.experiment.seed
        return self.session.request.seed if own is None else own

    @property
    def command(self) -> tuple[str, ...]:
        """The command that repeats the experiment: equal for every run of it."""
        return ("n2v-experiment", "run", self.session.study.file.name, self.experiment.name)
