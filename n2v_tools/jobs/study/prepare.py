"""Preparation of a dataset's files: background, grey levels, splits."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StackError
from ...experiment.record import write_whole
from ...experiment.study import Dataset, Preparation
from ...io.address import Address
from ...io.listing import find_files, open_stacks
from ...noise.grey_levels import GreyLevels, count_levels, judge_levels
from ...noise.sample import Sample, read_sample
from ..desk.names import stem_of
from ..desk.progress import Progress
from .background import Background, add_background
from .data import Data, DataPlace, Item, hashes_of

LEVELS_TABLE = "grey_levels.csv"
LEVELS_CACHE = "grey_levels.json"
TO_DEVIATION = 1.4826 / math.sqrt(2)  # median of |difference of two| of normal noise to sigma


def prepare_files(
    data: Data, step: Preparation, dataset: Dataset, place: DataPlace, progress: Progress
) -> Data:
    """Do one step of the preparation; nothing that was done before is done again.

    Parameters
    ----------
    data : Data
        As the step before left it.
    step : Preparation
    dataset : Dataset
    place : DataPlace
        Its folder is this step's own.
    progress : Progress

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
    return steps[step.kind](data, step, dataset, place, progress)


def _with_background(
    data: Data, step: Preparation, dataset: Dataset, place: DataPlace, progress: Progress
) -> Data:
    (path,) = _one_file(place.find(step.options["file"]), "add-background")
    background = Background.open(path, place.hashes.of(path))
    splits = dict(data.splits)
    facts = {}
    for split in step.options.get("splits", list(splits)):
        items = []
        for item in splits[split]:
            target = place.folder / split / f"{stem_of(Path(item.noisy))}.tif"
            (stack,) = open_stacks(item.noisy, dataset.axes)
            (sha256,) = hashes_of([item.noisy], place.hashes)
            facts[f"{split}/{target.name}"] = add_background(
                stack,
                sha256,
                target,
                background,
                progress,
                dtype=step.options.get("dtype", "same"),
                overwrite=place.overwrite,
            )
            items.append(replace(item, noisy=str(target)))
        splits[split] = tuple(items)
    return Data(splits, path, {**data.facts, "add-background": facts})


def _one_file(spec: str, what: str) -> list[Path]:
    files = find_files(spec)
    if len(files) != 1:
        raise StackError(f"{what}: {spec} is {len(files)} files; name one.")
    return files


def _with_grey_levels(
    data: Data, step: Preparation, dataset: Dataset, place: DataPlace, progress: Progress
) -> Data:
    """Leave out files whose grey levels are lost."""
    kept: dict[str, tuple[Item, ...]] = dict(data.splits)
    rows: list[dict[str, Any]] = []
    for split in step.options.get("splits", list(kept)):
        found = {item.noisy: _levels(item.noisy, dataset, place, progress) for item in kept[split]}
        allowed = ("ok",) if step.options.get("worst") == "ok" else ("ok", "warn")
        kept[split] = tuple(i for i in data.splits[split] if found[i.noisy]["verdict"] in allowed)
        for name, levels in found.items():
            keep = levels["verdict"] in allowed
            rows.append({"split": split, "file": name, "keep": keep, **levels})
            if not keep:
                progress.note(
                    f"{name}: left out: {levels['n_common']} common grey levels "
                    f"({levels['verdict']})"
                )
    _write_levels(rows, place.folder)
    for split, items in kept.items():
        if not items:
            raise StackError(
                f"the dataset {dataset.name}: no file of {split} has enough grey levels; see "
                f"{place.folder / LEVELS_TABLE}. Get the files in full depth, or leave "
                "keep-grey-levels out."
            )
    return Data(kept, data.background, {**data.facts, "keep-grey-levels": rows})


def _levels(name: str, dataset: Dataset, place: DataPlace, progress: Progress) -> dict[str, Any]:
    """How rich in grey levels a file is; remembered by its hash."""
    cache = place.folder / LEVELS_CACHE
    known = _read_cache(cache)
    (key,) = hashes_of([name], place.hashes)
    if key not in known:
        (stack,) = open_stacks(name, dataset.axes)
        progress.note(f"{name}: counting grey levels")
        sample = read_sample(stack)
        found: GreyLevels = judge_levels(*count_levels(sample.planes), _sigma(sample))
        known[key] = {
            "n_levels": found.n_levels,
            "n_common": found.n_common,
            "n99": found.n99,
            "effective": round(found.effective, 3),
            "step": found.step,
            "verdict": found.verdict,
        }
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


def _read_cache(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write_levels(rows: list[dict[str, Any]], folder: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / LEVELS_TABLE, text.getvalue())


def _split(
    data: Data, step: Preparation, dataset: Dataset, place: DataPlace, progress: Progress
) -> Data:
    """Share the files of one split among several, at random by a seed; whole files only."""
    source = step.options.get("from", "train")
    shares: Mapping[str, float] = step.options["into"]
    items = data.splits[source]
    taken = [s for s in shares if s != source and s in data.splits]
    if taken:
        raise StackError(
            f"the dataset {dataset.name}: `split` would fill {taken[0]}, which names files of its "
            "own. Take those out, or split into others."
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
    names = {s: [Address.parse(i.noisy).file.name for i in splits[s]] for s in shares}
    return Data(splits, data.background, {**data.facts, "split": names})


def _ends(shares: list[float], n: int) -> list[int]:
    """Where each share of n files ends: as near as can be, at least one file each."""
    ends = [round(total * n) for total in np.cumsum(shares)]
    for i in range(len(ends)):
        ends[i] = max(ends[i], (ends[i - 1] if i else 0) + 1)
    for i in reversed(range(len(ends))):
        ends[i] = min(ends[i], n - (len(ends) - 1 - i))
    return ends
