"""Preparation of a dataset's files: background, grey levels, splits."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StackError
from ...experiment.hashes import file_of_input
from ...experiment.study import Dataset, Preparation
from ...experiment.textfile import read_values, write_rows, write_whole
from ...io.listing import find_files, open_stacks
from ...noise.grey_levels import count_levels, judge_levels
from ...noise.sample import Sample, read_sample
from ..desk.output_names import stem_of
from .background import Background, add_background
from .data import Data, DataPlace, Item

LEVELS_TABLE = "grey_levels.csv"
LEVELS_CACHE = "grey_levels.json"
TO_DEVIATION = 1.4826 / math.sqrt(2)  # median of |difference of two| of normal noise to sigma


def prepare_files(data: Data, step: Preparation, dataset: Dataset, place: DataPlace) -> Data:
    """Do one step of the preparation, in a folder of its own, on what the step before left.

    Nothing that was done before is done again.

    Raises
    ------
    StackError
        If a file cannot be prepared, or none is left.
    OutputError
        If a prepared file exists that was made otherwise.
    """
    steps = {
        "add-background": _with_background,
        "keep-grey-levels": _with_grey_levels,
        "split": _split,
    }
    return steps[step.kind](data, step, dataset, place)


def _with_background(data: Data, step: Preparation, dataset: Dataset, place: DataPlace) -> Data:
    spec = step.options["file"]
    found = find_files(place.find(spec))
    if len(found) != 1:
        raise StackError(f"add-background: {spec} names {len(found)} files. Name exactly one.")
    background = Background.open(found[0], place.hashes.of(found[0]))
    splits = dict(data.splits)
    facts = {}
    for split in step.options.get("splits", list(splits)):
        items = []
        for item in splits[split]:
            target = place.folder / split / f"{stem_of(Path(item.noisy))}.tif"
            (stack,) = open_stacks(item.noisy, dataset.axes)
            (sha256,) = place.hashes.of_inputs([item.noisy])
            facts[f"{split}/{target.name}"] = add_background(
                stack,
                sha256,
                target,
                background,
                place.progress,
                dtype=step.options.get("dtype", "same"),
                overwrite=place.overwrite,
            )
            items.append(replace(item, noisy=str(target)))
        splits[split] = tuple(items)
    return Data(splits, found[0], {**data.facts, "add-background": facts})


def _with_grey_levels(data: Data, step: Preparation, dataset: Dataset, place: DataPlace) -> Data:
    """Leave out files whose grey levels are lost."""
    kept: dict[str, tuple[Item, ...]] = dict(data.splits)
    allowed = ("ok",) if step.options.get("worst") == "ok" else ("ok", "warn")
    rows: list[dict[str, Any]] = []
    for split in step.options.get("splits", list(kept)):
        found = {item.noisy: _levels(item.noisy, dataset, place) for item in kept[split]}
        kept[split] = tuple(i for i in data.splits[split] if found[i.noisy]["verdict"] in allowed)
        for name, levels in found.items():
            keep = levels["verdict"] in allowed
            rows.append({"split": split, "file": name, "keep": keep, **levels})
            if not keep:
                place.progress.note(
                    f"{name}: left out: {levels['n_common']} common grey levels "
                    f"({levels['verdict']})"
                )
    write_rows(place.folder / LEVELS_TABLE, list(rows[0]), rows)
    for split, items in kept.items():
        if not items:
            raise StackError(
                f"the dataset {dataset.name}: no file of {split} has enough grey levels; see "
                f"{place.folder / LEVELS_TABLE}. Get the files in full depth, or leave "
                "keep-grey-levels out."
            )
    return Data(kept, data.background, {**data.facts, "keep-grey-levels": rows})


def _levels(name: str, dataset: Dataset, place: DataPlace) -> dict[str, Any]:
    """Measure how rich in grey levels a file is; remembered by its hash."""
    cache = place.folder / LEVELS_CACHE
    known = read_values(cache)
    (key,) = place.hashes.of_inputs([name])
    if key not in known:
        (stack,) = open_stacks(name, dataset.axes)
        place.progress.note(f"{name}: counting grey levels")
        sample = read_sample(stack)
        found = asdict(judge_levels(*count_levels(sample.planes), _sigma(sample)))
        known[key] = {**found, "effective": round(found["effective"], 3)}
        write_whole(cache, json.dumps(known, indent=1))
    return dict(known[key])


def _sigma(sample: Sample) -> float | None:
    """Deviation of the noise from successive frames; None where there are none.

    Median of absolute differences; their mean where the median is 0, which coarse grey
    levels make.
    """
    apart = [np.abs(b - a).ravel() for a, b in sample.pairs.get("T", ())]
    if not apart:
        return None
    joined = np.concatenate(apart)
    middle = float(np.median(joined)) * TO_DEVIATION
    return middle or float(joined.mean()) * math.sqrt(math.pi) / 2


def _split(data: Data, step: Preparation, dataset: Dataset, place: DataPlace) -> Data:
    """Share the files of one split among several, at random by a seed; whole files only."""
    source = step.options.get("from", "train")
    shares: Mapping[str, float] = step.options["into"]
    items = data.splits[source]
    taken = [s for s in shares if s != source and s in data.splits]
    if taken:
        raise StackError(
            f"the dataset {dataset.name}: `split` would fill {taken[0]}, which names files "
            "already. Remove those, or split into others."
        )
    if len(items) < len(shares):
        raise StackError(
            f"the dataset {dataset.name}: {source} has {len(items)} files, too few to split into "
            f"{len(shares)}. Add files."
        )
    order = np.random.default_rng(step.options.get("seed", 0)).permutation(len(items))
    ends = _ends(list(shares.values()), len(items))
    splits = {k: v for k, v in data.splits.items() if k != source}
    start = 0
    for split, end in zip(shares, ends, strict=True):
        splits[split] = tuple(items[i] for i in sorted(order[start:end]))
        start = end
    names = {s: [file_of_input(i.noisy).name for i in splits[s]] for s in shares}
    return Data(splits, data.background, {**data.facts, "split": names})


def _ends(shares: list[float], n: int) -> list[int]:
    """Where each share of n files ends: as near as can be, at least one file each."""
    ends = [round(total * n) for total in np.cumsum(shares)]
    for i in range(len(ends)):
        ends[i] = max(ends[i], (ends[i - 1] if i else 0) + 1)
    for i in reversed(range(len(ends))):
        ends[i] = min(ends[i], n - (len(ends) - 1 - i))
    return ends
