"""Generated files of a dataset: those of ``n2v-simulate``, under the names of a study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import N2VToolsError, OutputError, SettingsError, StackError
from ...experiment.run_record import first_difference
from ...experiment.study import Dataset, Generated
from ...experiment.textfile import read_values, values_of, write_whole
from ...io.layout import layout_like
from ...io.reader import open_stack
from ...io.writer import create_stack
from ...settings import settings_from
from ...stack import Stack
from ...words import flag
from ..desk.progress import Progress
from ..simulate.request import REQUESTS

RECORD = "generated.json"
MAKING = "making"
UNDER_DARKEST = 0.6  # of the grey levels without light, at most, that a background takes away
VIGNETTE = 0.3  # by how much a background falls off towards the corners


def generate_files(
    dataset: Dataset, root: Path, progress: Progress, *, overwrite: bool = False
) -> None:
    """Make all files of a dataset with `generate`, unless they are there already.

    A record of their making lies in the folder `root`. With `overwrite` they are made anew if they
    were made otherwise.

    Raises
    ------
    OutputError
        If they were made otherwise and may not be replaced.
    SettingsError
        If an option is out of range.
    """
    text = json.dumps({"blocks": [asdict(block) for block in dataset.generate]}, indent=1)
    before, made_from = _read_record(root / RECORD), values_of(text)
    if before == made_from:
        return
    if before and not overwrite:
        change = first_difference(_by_number(before), _by_number(made_from))
        raise OutputError(
            f"{root}: was generated with other options ({change}). Pass {flag('overwrite')} to "
            "generate it again, or give the dataset another name."
        )
    if root.exists():  # generated otherwise, or by a run that was killed
        shutil.rmtree(root)
    total = sum(block.number for block in dataset.generate)
    progress.note(f"{dataset.name}: generating {total} pairs of files in {root}")
    for block in dataset.generate:
        _make_block(block, root, dataset.name)
    write_whole(root / RECORD, f"{text}\n")


def _read_record(path: Path) -> dict[str, Any]:
    """Read what the files were made from; nothing where they were not made to the end."""
    if not path.exists():
        return {}
    values = read_values(path)
    if not values:
        raise StackError(
            f"{path}: cannot be read. Delete its folder; the files are then generated again."
        )
    return values


def _by_number(made_from: Mapping[str, Any]) -> dict[str, Any]:
    return {f"block {n}": block for n, block in enumerate(made_from.get("blocks", ()), start=1)}


def _make_block(block: Generated, root: Path, dataset: str) -> None:
    making = root / MAKING
    for number in range(block.number):
        noisy, clean = _simulate(block, making, block.seed + number, dataset)
        targets = [
            root / name.replace("{n}", f"{block.first + number:03d}")
            for name in (block.noisy, block.clean)
        ]
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                raise SettingsError(
                    f"the dataset {dataset}: {target.name} would be generated twice. Give each "
                    "block of `generate` its own names."
                )
        clean.replace(targets[1])
        if block.background is None and block.levels is None:
            noisy.replace(targets[0])
        else:
            _spoil(noisy, targets[0], block, root)
        shutil.rmtree(making)


def _simulate(block: Generated, folder: Path, seed: int, dataset: str) -> tuple[Path, Path]:
    """Write one pair; errors name the dataset."""
    from ..simulate.write import simulate_files

    values = {**block.options, "seed": seed, "overwrite": True}
    try:
        request: Any = settings_from(REQUESTS[block.kind], values, "options")
        paths = simulate_files(replace(request, output=folder, name="one"), Progress(quiet=True))
    except N2VToolsError as error:
        raise type(error)(f"the dataset {dataset}, generate: {error}") from None
    return paths["noisy"], paths["clean"]


def _spoil(source: Path, target: Path, block: Generated, root: Path) -> None:
    """Take a background away, or grey levels, as providers of data have done."""
    stack = open_stack(source)
    background = _background(stack, root / block.background) if block.background else None
    step = _step_for(stack, block.levels) if block.levels else 1
    with create_stack(target, layout_like(stack, stack.dtype)) as writer:
        for place, plane in stack.planes():
            counts = plane.astype(np.int64)
            if background is not None:
                counts = (counts - background).clip(0)
            writer.write(place, (counts // step).astype(stack.dtype))


def _background(stack: Stack, path: Path) -> np.ndarray:
    """The smooth frame that is taken away, written once for all files of the dataset."""
    if path.exists():
        return open_stack(path).plane({}).astype(np.int64)
    darkest = float(np.percentile(next(stack.planes())[1], 0.5))
    rows, columns = (np.linspace(-1, 1, stack.sizes[axis]) for axis in "YX")
    away = (rows[:, None] ** 2 + columns**2) / 2  # 0 in the middle, 1 in the corners
    frame = np.rint(UNDER_DARKEST * darkest * (1 - VIGNETTE * away)).astype(np.uint16)
    plain = Stack(
        frame, "YX", {a: stack.spacing[a] for a in "YX" if a in stack.spacing}, stack.unit
    )
    with create_stack(path, layout_like(plain, frame.dtype)) as writer:
        writer.write({}, frame)
    return frame.astype(np.int64)


def _step_for(stack: Stack, levels: int) -> int:
    low, high = np.percentile(next(stack.planes())[1], (0.1, 99.9))
    return max(1, round(float(high - low) / levels))
