"""Background frames: added back to files they were subtracted from, or taken off again.

Never in place: each file gets a new one in another folder, with a side-car that says by hashes
which frame was added to which file. A file that has its background is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...errors import N2VToolsError, OutputError, StackError
from ...experiment.textfile import read_values, values_of, write_whole
from ...io.layout import Layout, layout_like
from ...io.reader import open_stack, read_description
from ...io.writer import create_stack
from ...prepare.strips import find_strips
from ...stack import Stack
from ...words import flag
from ..desk.progress import Progress

SIDE_CAR = ".json"  # after the whole name of the file it speaks of
MANY_ZEROS_PERCENT = 1.0
ADDED, REMOVED = "background_added", "background_removed"


@dataclass(frozen=True)
class Background:
    """One frame that is the same for all planes of a file."""

    path: Path
    sha256: str
    stack: Stack  # of axes YX, or with C as well; other axes have length 1

    @classmethod
    def open(cls, path: Path, sha256: str) -> Background:
        """Open the frame.

        Raises
        ------
        StackError
            If it holds more than one plane per channel, or pixels that are not finite.
        """
        stack = open_stack(path)
        longer = [a for a, n in stack.sizes.items() if a in "TZ" and n > 1]
        if longer:
            raise StackError(
                f"{path}: has {stack.sizes[longer[0]]} planes along {longer[0]}, but a background "
                "is one frame. Average it first."
            )
        if not all(np.isfinite(plane).all() for _, plane in stack.planes()):
            raise StackError(f"{path}: holds pixels that are not finite. Correct the background.")
        return cls(path, sha256, stack)

    def at(self, place: Mapping[str, int]) -> np.ndarray:
        """The frame that belongs to the plane at `place`: float64, shape (Y, X)."""
        own = {a: place.get(a, 0) if a == "C" else 0 for a in self.stack.axes if a not in "YX"}
        return self.stack.plane(own).astype(np.float64)

    def require_fit(self, stack: Stack) -> None:
        """Raise StackError unless its planes are as large as those of `stack`."""
        for axis in "YXC":
            own, its = self.stack.sizes.get(axis, 1), stack.sizes.get(axis, 1)
            if own != its and not (axis == "C" and own == 1):
                raise StackError(
                    f"{stack.name}: has {its} along {axis}, but the background {self.path} has "
                    f"{own}. Name the background that belongs to it."
                )


def add_background(
    stack: Stack, sha256: str, target: Path, background: Background, progress: Progress,
    *, dtype: str = "same", overwrite: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write a stack with the background added, unless that was done before.

    Sums are computed in float64 and rounded half to even; strips stay zero.

    Parameters
    ----------
    stack : Stack
        From a file; its name is that of the file.
    sha256 : str
        Of the file.
    target : Path
        New file; its side-car is ``target.json``.
    dtype : {"same", "uint16", "float32"}
        Of the target.
    overwrite : bool
        Replace a target that was made otherwise.

    Returns
    -------
    record : dict
        What the side-car holds.

    Raises
    ------
    StackError
        If the source has its background already, does not fit it, or a sum does not fit
        the dtype.
    OutputError
        If the target exists and was made otherwise.
    """
    _refuse_second(stack.name)
    made_from: dict[str, Any] = {
        "source": {"file": Path(stack.name).name, "sha256": sha256},
        ADDED: {"file": background.path.name, "sha256": background.sha256},
        "dtype": dtype,
    }
    before = _read_side_car(target) or _read_inside(target)
    if target.exists() and {**before, **made_from} == before:
        return before
    if target.exists() and not overwrite:
        raise OutputError(
            f"{target}: exists and was made from other files. Pass {flag('overwrite')} to make it "
            "again."
        )
    background.require_fit(stack)
    wanted = stack.dtype if dtype == "same" else np.dtype(dtype)
    n_zero = n_real = 0  # exact zeros, and pixels outside strips

    def add(place: Mapping[str, int], plane: np.ndarray) -> np.ndarray:
        nonlocal n_zero, n_real
        strips = find_strips(plane)
        real = int((~strips.rows).sum()) * int((~strips.columns).sum())
        n_real += real
        n_zero += real - int(np.count_nonzero(plane))
        total = plane.astype(np.float64) + background.at(place)
        return strips.blank(_fitting(total, wanted, stack.name, place))

    record = {**made_from, "n2v_tools": __version__}
    _write(stack, target, wanted, add, record, overwrite, progress)
    percent = record["zeros_percent"] = round(100 * n_zero / max(1, n_real), 4)
    _write_side_car(target, record)
    if percent > MANY_ZEROS_PERCENT:
        progress.warn(
            f"{stack.name}: {percent:.1f} % of its pixels are exactly 0. Negative noise was "
            "probably cut off when the background was subtracted; adding it does not bring that "
            "back, and methods that expect noise of mean zero are misled."
        )
    return record


def remove_background(
    source: Path, target: Path, background: Background, progress: Progress
) -> dict[str, Any]:
    """Write a restored file without the background, float32, and its side-car.

    Raises
    ------
    StackError
        If the file does not fit the background.
    OutputError
        If it cannot be written.
    """
    stack = open_stack(source)
    background.require_fit(stack)
    record = {
        "source": {"file": source.name},
        REMOVED: {"file": background.path.name, "sha256": background.sha256},
        "n2v_tools": __version__,
    }

    def remove(place: Mapping[str, int], plane: np.ndarray) -> np.ndarray:
        strips = find_strips(plane)
        return strips.blank((plane - background.at(place)).astype(np.float32))

    _write(stack, target, np.dtype(np.float32), remove, record, True, progress)
    _write_side_car(target, record)
    return record


def _refuse_second(source: str) -> None:
    """Raise if the file says, inside or beside it, that it has its background."""
    beside, inside = _read_side_car(Path(source)), _read_inside(Path(source))
    for recorded, where in ((beside, f"{source}{SIDE_CAR}"), (inside, "its own description")):
        if ADDED in recorded:
            added = recorded[ADDED]
            name = added.get("file", "a background") if isinstance(added, dict) else "a background"
            raise StackError(
                f"{source}: {name} was added to it already (according to {where}); a second time "
                "would falsify it. Name the original files, or leave add-background out."
            )


def _fitting(
    total: np.ndarray, dtype: np.dtype, source: str, place: Mapping[str, int]
) -> np.ndarray:
    """The sums in a dtype that holds them all; nothing is clipped or wrapped."""
    if dtype.kind == "f":
        return total.astype(dtype)
    counts = np.rint(total)
    limits = np.iinfo(dtype)
    if not np.isfinite(counts).all():
        raise StackError(
            f"{source}: holds pixels that are not finite, which {dtype} cannot. Write `dtype: "
            "float32`."
        )
    outside = int(np.count_nonzero((counts < limits.min) | (counts > limits.max)))
    if outside:
        where = ", ".join(f"{axis} {number}" for axis, number in place.items()) or "its plane"
        raise StackError(
            f"{source}: with the background, {outside} pixels at {where} lie outside {dtype} "
            f"({limits.min} to {limits.max}; found {counts.min():.0f} to {counts.max():.0f}). "
            "Write `dtype: float32`."
        )
    return counts.astype(dtype)


def _write(
    stack: Stack, target: Path, dtype: np.dtype,
    change: Callable[[Mapping[str, int], np.ndarray], np.ndarray],
    record: Mapping[str, Any], overwrite: bool, progress: Progress,
) -> None:  # fmt: skip
    layout: Layout = layout_like(stack, dtype, description=json.dumps(record))
    n_planes = math.prod(n for axis, n in stack.sizes.items() if axis not in "YX")
    with (
        create_stack(target, layout, overwrite=overwrite) as writer,
        progress.task(target.name) as step,
    ):
        for done, (place, plane) in enumerate(stack.planes(), start=1):
            writer.write(place, change(place, plane))
            step(done, n_planes)


def _write_side_car(target: Path, record: Mapping[str, Any]) -> None:
    write_whole(target.with_name(target.name + SIDE_CAR), json.dumps(record, indent=1) + "\n")


def _read_side_car(file: Path) -> dict[str, Any]:
    """Read the side-car of a file; empty where there is none of ours."""
    return read_values(file.with_name(file.name + SIDE_CAR))


def _read_inside(file: Path) -> dict[str, Any]:
    """Read from a file written here how it was made; empty for any other."""
    try:
        return values_of(read_description(file) or "")
    except (N2VToolsError, OSError, ValueError):  # none, no TIFF, or not described by us
        return {}
