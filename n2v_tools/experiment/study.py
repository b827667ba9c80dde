"""The contents of a study file: datasets, how they are prepared, and experiments by name.

Tested in `tests/experiment/test_reading.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SPLITS = ("train", "val", "test")
ONE_PASS = "one-pass"  # noqa: S105 - steps of an epoch that takes each pixel about once
TRAINING = (  # fields of an experiment that are options of ``n2v-train``
    "method", "preset", "patch", "epochs", "steps", "batch", "patches", "minutes", "validation",
    "struct_mask", "depth", "keep_strips", "nan",
)  # fmt: skip


@dataclass(frozen=True)
class Generated:
    """Files that are simulated instead of found."""

    kind: str  # {"dome", "structured", "calcium", "voltage"}: what ``n2v-simulate`` makes
    number: int = 1  # how many pairs
    # noisy, clean: names under the dataset's folder; ``{n}`` becomes 001, 002, ...
    noisy: str = "{n}_noisy.tif"
    clean: str = "{n}_clean.tif"
    first: int = 1  # number of the first pair
    seed: int = 0  # of the first pair; the next has the next
    # fields of the request of that kind, such as ``shape`` and ``photons``
    options: Mapping[str, Any] = field(default_factory=dict)
    # file that gets a smooth frame, which is subtracted from the noisy files
    background: str | None = None
    # squeeze noisy files into about so many grey levels, as some programs do
    levels: int | None = None


@dataclass(frozen=True)
class Preparation:
    """One step between the files as they are found and the files that are used."""

    kind: str  # {"add-background", "keep-grey-levels", "split"}
    options: Mapping[str, Any]  # JSON values
    line: int  # of the study file


@dataclass(frozen=True)
class Dataset:
    """Files that belong together."""

    name: str
    description: str = ""
    axes: str | None = None  # of all files; None takes each file's own
    # by split: files, folders and globs
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # by split: the same for the truth; empty where there is none
    truth: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # what stands in the name of a truth in place of what stands in that of a noisy file
    pair: Mapping[str, str] = field(default_factory=dict)
    # if not empty, `files` and `truth` are names in the folder of generated files
    generate: tuple[Generated, ...] = ()
    prepare: tuple[Preparation, ...] = ()  # in order


@dataclass(frozen=True)
class Experiment:
    """One row of the table: a method with settings on a dataset, and what is made of it."""

    name: str
    dataset: str
    method: str
    line: int  # of the study file
    preset: str = "default"
    model: str = ""  # name of the model
    patch: tuple[int, ...] | None = None
    epochs: int | None = None
    steps: int | str | None = None  # per epoch; or `ONE_PASS`
    batch: int | None = None
    patches: int | None = None
    minutes: float | None = None
    validation: float | None = None
    augment: bool | None = None  # None leaves it to the method
    struct_mask: str | None = None
    depth: str | None = None
    keep_strips: bool = False
    nan: str = "refuse"  # {"refuse", "fill"}
    seed: int | None = None  # None takes the command's
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the method, as for ``--set``
    start_from: str | None = None  # experiment whose weights training starts from
    train_on: str | None = None  # experiment whose restored files are used instead of the dataset's
    noise_model_from: str | None = None  # experiment whose restored files teach what the noise is
    # denoise, evaluate, preview: options by name; `evaluate` and `preview` may be empty for their
    # defaults
    denoise: Mapping[str, Any] = field(default_factory=dict)
    evaluate: Mapping[str, Any] = field(default_factory=dict)
    preview: Mapping[str, Any] = field(default_factory=dict)
    previews: bool = False  # whether previews are made
    notes: str = ""  # for the table; no part of what is done

    @property
    def training(self) -> dict[str, Any]:
        """Options of ``n2v-train`` by name, of which an experiment states all."""
        return {name: getattr(self, name) for name in TRAINING}

    @property
    def all_settings(self) -> dict[str, Any]:
        """Settings of the method, augmentation included if the file decides on it."""
        augment = {} if self.augment is None else {"augment": self.augment}
        return {**self.settings, **augment}

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that the table shows."""
        return tuple(self.evaluate.get("metrics", ("si_psnr",)))

    @property
    def needs(self) -> tuple[str, ...]:
        """Experiments that must be done before this one."""
        named = (self.start_from, self.train_on, self.noise_model_from)
        return tuple(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True)
class Study:
    """A whole file."""

    name: str  # folder of its outputs
    title: str
    file: Path
    datasets: Mapping[str, Dataset]
    experiments: Mapping[str, Experiment]  # in the order of the file

    @property
    def used(self) -> list[Dataset]:
        """Datasets that have experiments, in the order of the file."""
        return [dataset for dataset in self.datasets.values() if self.experiments_on(dataset)]

    def experiments_on(self, dataset: Dataset) -> list[Experiment]:
        """Experiments on one dataset, in the order of the file."""
        return [e for e in self.experiments.values() if e.dataset == dataset.name]
