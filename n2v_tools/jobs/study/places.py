"""Where everything of a study goes, and what the experiments of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...experiment.hashes import Hashes
from ...experiment.study import Dataset, Experiment, Study
from ..desk.progress import Progress
from ..desk.provenance import sha256_of
from .data import Data, DataPlace, Find, hashes_of, open_data

RECORDS = "_records"  # a copy of the record of each finished run
DATA = "_data"
LOCKS = "_locks"


@dataclass(frozen=True)
class Places:
    """Folders of a study.

    Parameters
    ----------
    root : Path
        OUTPUT/NAME of the study.
    models : Path
    """

    root: Path
    models: Path

    def of(self, experiment: Experiment) -> Path:
        """Folder of what an experiment makes, besides its model."""
        return self.root / experiment.name

    def table(self, dataset: Dataset) -> Path:
        """The CSV file; the Markdown file ends in .md."""
        return self.root / f"{dataset.name}.csv"

    def lock(self, name: str) -> Path:
        """Lock of an experiment, a dataset or a table."""
        return self.root / LOCKS / f"{name}.lock"

    def data(self, dataset: Dataset) -> Path:
        """Folder of generated and prepared files."""
        return self.root / DATA / dataset.name


@dataclass
class Session:
    """What all experiments of one run share.

    Parameters
    ----------
    study : Study
    places : Places
    find : callable
        Gives a name in the study file its place.
    progress : Progress
    seed : int
    overwrite : bool
    """

    study: Study
    places: Places
    find: Find
    progress: Progress
    seed: int = 0
    overwrite: bool = False
    _data: dict[str, Data] = field(default_factory=dict)
    _hashes: Hashes | None = None

    @property
    def hashes(self) -> Hashes:
        """Hashes of input files, remembered from run to run."""
        if self._hashes is None:
            self._hashes = Hashes(self.places.root / DATA / "hashes.json", sha256_of)
        return self._hashes

    def data(self, name: str) -> Data:
        """The files of a dataset, generated, found and prepared once."""
        from ...experiment.locks import holding

        if name not in self._data:
            dataset = self.study.datasets[name]
            place = DataPlace(self.places.data(dataset), self.find, self.hashes, self.overwrite)
            lock = self.places.lock(f"data {name}")
            with holding(lock, f"the dataset {name}", wait=True, say=self.progress.note):
                self._data[name] = open_data(dataset, place, self.progress)
                self.hashes.save()
        return self._data[name]

    def sha256(self, names: list[str]) -> list[str]:
        """Hashes of inputs, in their order."""
        return hashes_of(names, self.hashes)
