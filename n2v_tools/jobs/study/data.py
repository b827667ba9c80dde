"""From a dataset of a study to the files that experiments use: found, paired, prepared."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import StackError
from ...experiment.hashes import Hashes
from ...experiment.study import Dataset
from ...io.address import Address
from ...io.listing import list_inputs, preferred
from ..desk.names import stem_of
from ..desk.pairs import ENDINGS, key_of
from ..desk.progress import Progress
from .generate import generate_files

Find = Callable[[str], str]


@dataclass(frozen=True)
class Item:
    """One noisy file, and its truth where there is one.

    Parameters
    ----------
    noisy : str
    truth : str or None
    """

    noisy: str
    truth: str | None = None


@dataclass(frozen=True)
class Data:
    """The files of a dataset, by split.

    Parameters
    ----------
    splits : mapping of str to tuple of Item
    background : Path or None
        What was added to the noisy files.
    facts : mapping
        What the preparation found, JSON values, for the record.
    """

    splits: Mapping[str, tuple[Item, ...]]
    background: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataPlace:
    """Where a dataset's own files go, and how others are found.

    Parameters
    ----------
    folder : Path
        For generated and prepared files.
    find : callable
        Gives a name of the study file its place.
    hashes : Hashes
    overwrite : bool
        Make generated and prepared files anew where their making changed.
    """

    folder: Path
    find: Find
    hashes: Hashes
    overwrite: bool = False


def open_data(dataset: Dataset, place: DataPlace, progress: Progress) -> Data:
    """Generate what is to be generated, find and pair the files, and prepare them.

    Raises
    ------
    StackError
        If files are missing, have no truth, or cannot be prepared.
    OutputError
        If generated or prepared files were made otherwise before.
    """
    from .prepare import prepare_files

    find = place.find
    if dataset.generate:
        root = place.folder / "generated"
        generate_files(dataset, root, progress, overwrite=place.overwrite)

        def find(spec: str) -> str:
            return str(root / spec)

    splits = {split: _items(dataset, split, find) for split in dataset.files}
    data = Data(splits)
    for number, step in enumerate(dataset.prepare, start=1):
        folder = place.folder / f"{number}_{step.kind}"
        data = prepare_files(
            data, step, dataset, replace(place, folder=folder, find=find), progress
        )
    return data


def hashes_of(names: Sequence[str], hashes: Hashes) -> list[str]:
    """SHA-256 of each input; of a folder of planes those of its files, joined."""
    found = []
    for name in names:
        file = Address.parse(name).file
        if file.is_dir():
            planes = [hashes.of(plane) for plane in sorted(file.iterdir()) if plane.is_file()]
            found.append("+".join(planes))
        else:
            found.append(hashes.of(file))
    return found


def _items(dataset: Dataset, split: str, find: Find) -> tuple[Item, ...]:
    noisy = _listed(dataset, dataset.files[split], find, ENDINGS["clean"])
    if split not in dataset.truth:
        return tuple(Item(name) for name in noisy)
    truth: dict[str, str] = {}
    for name in _listed(dataset, dataset.truth[split], find, ENDINGS["noisy"]):
        key = key_of(stem_of(Path(name)), "")
        if key in truth and os.path.realpath(truth[key]) != os.path.realpath(name):
            raise StackError(
                f"the dataset {dataset.name}: both {truth[key]} and {name} are the truth of "
                f"{key!r}. Name a folder with one of them."
            )
        truth[key] = name
    return tuple(Item(name, _truth_of(name, truth, dataset, split)) for name in noisy)


def _listed(dataset: Dataset, specs: Sequence[str], find: Find, ending: str) -> list[str]:
    """Names behind some specs, each once, in natural order."""
    found = []
    for spec in specs:
        inputs = list_inputs(
            find(spec), dataset.axes, leave_out=lambda file: stem_of(file).endswith(ending)
        )
        if not inputs:
            raise StackError(
                f"the dataset {dataset.name}: {spec} holds only files whose names end in {ending}."
            )
        found += inputs
    return [os.path.abspath(one.name) for one in preferred(found).values()]


def _truth_of(name: str, truth: Mapping[str, str], dataset: Dataset, split: str) -> str:
    """The truth of a noisy file by the dataset's rule of names."""
    stem = stem_of(Path(name))
    named = stem
    for noisy, clean in dataset.pair.items():
        named = named.replace(noisy, clean)
    if dataset.pair and named == stem:
        raise StackError(
            f"{name}: its name holds none of {', '.join(map(repr, dataset.pair))}, by which the "
            f"dataset {dataset.name} finds a file's truth (`pair`). Rename it, or change `pair`."
        )
    key = key_of(named, "")
    if key not in truth:
        raise StackError(
            f"{name}: there is no truth named {key!r} in {', '.join(dataset.truth[split])} "
            f"(dataset {dataset.name}). Name it so, or say in `pair` how names differ."
        )
    return truth[key]
