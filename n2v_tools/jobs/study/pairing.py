"""Files of a dataset of a study: generated or found, paired, and prepared."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import StackError
from ...experiment.study import Dataset
from ...io.listing import list_inputs, preferred
from ..desk.output_names import stem_of
from ..desk.pairs import ENDINGS, key_of
from .data import Data, DataPlace, Find, Item
from .generate import generate_files
from .prepare import prepare_files


def open_data(dataset: Dataset, place: DataPlace) -> Data:
    """Generate what is to be generated, find and pair the files, and prepare them.

    Raises
    ------
    StackError
        If files are missing, have no truth, or cannot be prepared.
    OutputError
        If generated or prepared files were made otherwise before.
    """
    if dataset.generate:
        root = place.folder / "generated"
        generate_files(dataset, root, place.progress, overwrite=place.overwrite)
        place = replace(place, find=lambda spec: str(root / spec))
    data = Data({split: _items(dataset, split, place.find) for split in dataset.files})
    for number, step in enumerate(dataset.prepare, start=1):
        folder = place.folder / f"{number}_{step.kind}"
        data = prepare_files(data, step, dataset, replace(place, folder=folder))
    return data


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
            f"(dataset {dataset.name}). Rename it, or state in `pair` how names differ."
        )
    return truth[key]
