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
    """Files that are simulated instead of found.

    Parameters
    ----------
    kind : {"dome", "structured", "calcium"}
        What ``n2v-simulate`` makes.
    number : int
        How many pairs.
    noisy, clean : str
        Names under the dataset's folder; ``{n}`` becomes 001, 002, ...
    first : int
        Number of the first pair.
    seed : int
        Of the first pair; the next has the next.
    options : mapping
        Fields of the request of that kind, such as ``shape`` and ``photons``.
    background : str or None
        File that gets a smooth frame, which is subtracted from the noisy files.
    levels : int or None
        Squeeze noisy files into about so many grey levels, as some programs do.
    """

    kind: str
    number: int = 1
    noisy: str = "{n}_noisy.tif"
    clean: str = "{n}_clean.tif"
    first: int = 1
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    background: str | None = None
    levels: int | None = None


@dataclass(frozen=True)
class Preparation:
    """One step between the files as they are found and the files that are used.

    Parameters
    ----------
    kind : {"add-background", "keep-grey-levels", "split"}
    options : mapping
        JSON values.
    line : int
        Of the study file.
    """

    kind: str
    options: Mapping[str, Any]
    line: int


@dataclass(frozen=True)
class Dataset:
    """Files that belong together.

    Parameters
    ----------
    name, description : str
    axes : str or None
        Of all files; None takes each file's own.
    files : mapping of split to tuple of str
        Files, folders and globs.
    truth : mapping of split to tuple of str
        The same for the truth; empty where there is none.
    pair : mapping of str to str
        What stands in the name of a truth in place of what stands in that of a noisy file.
    generate : tuple of Generated
        If not empty, `files` and `truth` are names in the folder of generated files.
    prepare : tuple of Preparation
        In order.
    """

    name: str
    description: str = ""
    axes: str | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    truth: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pair: Mapping[str, str] = field(default_factory=dict)
    generate: tuple[Generated, ...] = ()
    prepare: tuple[Preparation, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """One row of the table: a method with settings on a dataset, and what is made of it.

    Parameters
    ----------
    name, dataset, method, preset : str
    line : int
        Of the study file.
    model : str
        Name of the model.
    missing : str
        What of it is not available yet, such as "method hdn"; else empty.
    patch : tuple of int or None
    epochs, patches, batch : int or None
    steps : int, "one-pass" or None
        Per epoch.
    minutes, validation : float or None
    augment : bool or None
        None leaves it to the method.
    struct_mask, depth : str or None
    keep_strips : bool
    nan : {"refuse", "fill"}
    seed : int or None
        None takes the command's.
    settings : mapping
        Of the method, as for ``--set``.
    start_from, train_on, noise_model_from : str or None
        Other experiments: whose weights training starts from, whose restored files are
        used instead of the dataset's, and whose restored files teach what the noise is.
    denoise, evaluate, preview : mapping
        Options by name; `evaluate` and `preview` may be empty for their defaults.
    previews : bool
        Whether previews are made.
    notes : str
        For the table; no part of what is done.
    """

    name: str
    dataset: str
    method: str
    line: int
    preset: str = "default"
    model: str = ""
    missing: str = ""
    patch: tuple[int, ...] | None = None
    epochs: int | None = None
    steps: int | str | None = None
    batch: int | None = None
    patches: int | None = None
    minutes: float | None = None
    validation: float | None = None
    augment: bool | None = None
    struct_mask: str | None = None
    depth: str | None = None
    keep_strips: bool = False
    nan: str = "refuse"
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    start_from: str | None = None
    train_on: str | None = None
    noise_model_from: str | None = None
    denoise: Mapping[str, Any] = field(default_factory=dict)
    evaluate: Mapping[str, Any] = field(default_factory=dict)
    preview: Mapping[str, Any] = field(default_factory=dict)
    previews: bool = False
    notes: str = ""

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
    """A whole file.

    Parameters
    ----------
    name : str
        Folder of its outputs.
    title : str
    file : Path
    datasets : mapping of str to Dataset
    experiments : mapping of str to Experiment
        In the order of the file.
    """

    name: str
    title: str
    file: Path
    datasets: Mapping[str, Dataset]
    experiments: Mapping[str, Experiment]

    @property
    def used(self) -> list[Dataset]:
        """Datasets that have experiments, in the order of the file."""
        return [dataset for dataset in self.datasets.values() if self.experiments_on(dataset)]

    def experiments_on(self, dataset: Dataset) -> list[Experiment]:
        """Experiments on one dataset, in the order of the file."""
        return [e for e in self.experiments.values() if e.dataset == dataset.name]
