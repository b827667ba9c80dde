"""Patches for training and validation, drawn from whatever is not strip.

Windows are chosen first, from the survey alone; the files are then read once, plane by
plane, and the pixels go straight to their shuffled place in the result. So the memory
depends on the patches asked for and not on the files. Values stay counts, and nothing
is turned or mirrored here: augmentation comes after the split.
"""

from __future__ import annotations

import math
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import OutputError, StackError
from ..stack import Stack
from ..words import flag, option
from .patch_plan import (
    MEMORY_BYTES,
    PatchPlan,
    commas,
    count_patches,
    cuts_of,
    room_for_patches,
    strips_of,
    units_of,
)  # fmt: skip
from .ranges import find_ranges, split, volumes
from .survey import Survey, fill_nonfinite

Progress = Callable[[int, int], None]  # patches done, patches in all
TRAIN, VALIDATION = 0, 1


_NOWHERE = np.empty((0, 4), np.int64)


@dataclass(frozen=True, eq=False)
class PatchSet:
    """Patches in counts, shuffled; no pixel is in both parts.

    Arrays have the shape (N, [Z,] Y, X, C) and are float32, or of the dtype on disk if the plan
    says so; large ones are files mapped to memory.
    """

    train: np.ndarray
    validation: np.ndarray  # N = 0 if none was asked for
    n_per_stack: tuple[tuple[int, int], ...]  # training and validation patches from each
    notes: tuple[str, ...] = ()  # for the user: stacks that gave nothing
    # Where training and validation patches lie, int, shape (N, 4): the number of their plane,
    # volume or movie as `patch_plan.units_of` lists those of all stacks, and depth, row and column
    # in it.
    places: tuple[np.ndarray, np.ndarray] = (_NOWHERE, _NOWHERE)


@dataclass(frozen=True)
class _Unit:
    """What is read as one: a plane for 2D patches, a volume for 3D ones."""

    stack: int
    place: Mapping[str, int]  # without C and the axes of the patch
    ranges: np.ndarray


def draw_patches(
    stacks: Sequence[Stack],
    surveys: Sequence[Survey],
    plan: PatchPlan,
    rng: np.random.Generator,
    scratch: Path | None = None,
    progress: Progress | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> PatchSet:
    """Draw patches from all stacks together, and split them.

    Positions are random and spread evenly over all that is real, in proportion to its
    size; patches overlap where more are asked for than fit side by side. Each plane is
    read once at most. Pixels that are not finite are filled from their neighbours.

    Parameters
    ----------
    stacks : sequence of Stack
        With equal numbers of channels; sizes may differ.
    surveys : sequence of Survey
        One per stack, of all its planes.
    plan : PatchPlan
        What to draw.
    rng : numpy.random.Generator
        Source of chance; equal states give equal patches.
    scratch : Path or None
        Folder for patches that exceed `memory_bytes`.
    progress : callable or None
        Called with (patches done, patches in all).
    memory_bytes : int
        Larger results are written to `scratch`.

    Raises
    ------
    StackError
        If channels differ, no patch fits, or the data are too small to be split.
    AxesError
        If a stack lacks an axis of the model.
    OutputError
        If the patches fit neither the memory nor the disk.
    """
    n_channels = require_equal_channels(stacks)
    units = _all_units(stacks, surveys, plan)
    notes = _require_some(units, stacks, surveys, plan)
    counts = count_patches(surveys, plan)
    parts = _split(units, plan, counts, rng)
    windows = [
        _choose_windows(ranges, n, plan.window_px, rng)
        for ranges, n in zip(parts, counts, strict=True)
    ]
    shape = (*plan.patch_px, n_channels)
    arrays = _allocate(counts, shape, _dtype(stacks, plan), scratch, memory_bytes)
    rows = np.concatenate([rng.permutation(n) for n in counts])
    part = np.repeat((TRAIN, VALIDATION), counts)
    read = _Reader(stacks, surveys, plan)
    depth, done = plan.window_px[0], 0
    for i, z, plane in read.planes_of(units, np.concatenate(windows)):
        patch = arrays[part[i]][rows[i]].reshape(*plan.window_px, n_channels)  # a view
        patch[z] = plane
        done += z == depth - 1
        if progress is not None and z == depth - 1 and (done == len(rows) or done % 64 == 0):
            progress(done, len(rows))
    owners = [np.array([units[u].stack for u in chosen[:, 0]], int) for chosen in windows]
    n_train, n_validation = (np.bincount(o, minlength=len(stacks)).tolist() for o in owners)
    per_stack = tuple(zip(n_train, n_validation, strict=True))
    places = _in_rows(windows, rows)
    return PatchSet(arrays[TRAIN], arrays[VALIDATION], per_stack, notes, places)


def _in_rows(windows: Sequence[np.ndarray], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows of both parts in the order in which their patches are kept."""
    parts = np.split(rows, [len(windows[TRAIN])])
    train, validation = (np.empty_like(one) for one in windows)
    for ordered, one, at in zip((train, validation), windows, parts, strict=True):
        ordered[at] = one
    return train, validation


class _Reader:
    """Reads each plane once at most and hands out what of the windows lies in it."""

    def __init__(self, stacks: Sequence[Stack], surveys: Sequence[Survey], plan: PatchPlan) -> None:
        self.stacks, self.surveys, self.plan = stacks, surveys, plan

    def planes_of(
        self, units: Sequence[_Unit], windows: np.ndarray
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield what lies in each plane of each window (unit, z, y, x): one plane is held at once.

        Its number, that of the plane in it (in order, from 0), and the pixels (Y, X, C).
        """
        depth, height, width = self.plan.window_px
        order = np.lexsort((windows[:, 1], windows[:, 0]))
        coming = deque(
            (i, *place) for i, place in zip(order.tolist(), windows[order].tolist(), strict=True)
        )
        current: deque[tuple[int, ...]] = deque()  # windows that lie in the next plane
        unit = z = -1
        while coming or current:
            if not current:
                _, unit, z, _, _ = coming[0]
            while coming and coming[0][1:3] == (unit, z):
                current.append(coming.popleft())
            plane = self._plane(units[unit], z)
            for i, _, first, y, x in current:
                yield i, z - first, plane[y : y + height, x : x + width]
            z += 1
            while current and current[0][2] + depth <= z:
                current.popleft()

    def _plane(self, unit: _Unit, z: int) -> np.ndarray:
        """Read one plane with all its channels: (Y, X, C)."""
        stack, survey = self.stacks[unit.stack], self.surveys[unit.stack]
        axis = self.plan.depth_axis
        place = {**unit.place, axis: z} if axis else dict(unit.place)
        channels = range(stack.sizes["C"]) if "C" in stack.axes else (0,)
        planes = [stack.plane({**place, "C": c}) for c in channels]
        if survey.n_nonfinite:
            strips = strips_of(stack, survey, place, self.plan)
            planes = [fill_nonfinite(plane, strips)[0] for plane in planes]
        return np.stack(planes, axis=-1) if len(planes) > 1 else planes[0][..., np.newaxis]


def can_split(stacks: Sequence[Stack], surveys: Sequence[Survey], plan: PatchPlan) -> bool:
    """Whether blocks for validation can be set apart, as `draw_patches` would; reads nothing."""
    ranges = [unit.ranges for unit in _all_units(stacks, surveys, plan)]
    rng = np.random.default_rng(0)
    return split(ranges, plan.window_px, plan.validation or 0.1, rng) is not None


def too_small_to_split(plan: PatchPlan) -> StackError:
    """Say what to do where `can_split` is False."""
    return StackError(
        f"the data are too small to set a block apart for validation: two patches of "
        f"{commas(plan.patch_px)} px do not fit side by side. Pass a smaller {option('patch')}, or "
        f"{option('validation', 0)}."
    )


def _all_units(stacks: Sequence[Stack], surveys: Sequence[Survey], plan: PatchPlan) -> list[_Unit]:
    return [
        _Unit(i, place, find_ranges(strips, plan.window_px, cuts_of(survey, plan)))
        for i, (stack, survey) in enumerate(zip(stacks, surveys, strict=True))
        for place, strips in units_of(stack, _whole(survey), plan)
    ]


def _split(
    units: Sequence[_Unit], plan: PatchPlan, counts: tuple[int, int], rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the ranges of training and validation, each (R, 6): unit, then the range."""
    ranges = [unit.ranges for unit in units]
    parts = ranges, [one[:0] for one in ranges]
    if counts[VALIDATION]:
        found = split(ranges, plan.window_px, plan.validation, rng)
        if found is None:
            raise too_small_to_split(plan)
        parts = found
    return [
        np.concatenate([np.insert(one, 0, i, axis=1) for i, one in enumerate(part)])
        for part in parts
    ]


def _choose_windows(
    ranges: np.ndarray, n: int, window_px: tuple[int, int, int], rng: np.random.Generator
) -> np.ndarray:
    """Draw n windows (unit, z, y, x), spread evenly over what the ranges stand for."""
    if not n:
        return np.empty((0, 4), np.int64)
    # One draw in each of n equal slices of all pixels: as random, but without bare spots.
    upto = np.cumsum(_volumes_by_unit(ranges, window_px))
    drawn = (np.arange(n) + rng.random(n)) * (upto[-1] / n)
    chosen = ranges[np.minimum(np.searchsorted(upto, drawn, side="right"), len(ranges) - 1)]
    y = rng.integers(chosen[:, 2], chosen[:, 3])
    x = rng.integers(chosen[:, 4], chosen[:, 5])
    return np.stack([chosen[:, 0], chosen[:, 1], y, x], axis=1)


def _volumes_by_unit(ranges: np.ndarray, window_px: tuple[int, int, int]) -> np.ndarray:
    starts = np.flatnonzero(np.diff(ranges[:, 0], prepend=-1))
    return np.concatenate([volumes(one[:, 1:], window_px) for one in np.split(ranges, starts[1:])])


def _dtype(stacks: Sequence[Stack], plan: PatchPlan) -> np.dtype:
    """As on disk, where the plan says so and all stacks agree on small integers; else float32."""
    found = {stack.dtype.newbyteorder("=") for stack in stacks}
    (first, *others) = found
    small = first.kind in "ui" and first.itemsize <= 2
    return first if plan.as_on_disk and small and not others else np.dtype(np.float32)


def _allocate(
    counts: tuple[int, int],
    shape: tuple[int, ...],
    dtype: np.dtype,
    scratch: Path | None,
    memory_bytes: int,
) -> list[np.ndarray]:
    """Make room for the patches: in memory, or as files under `scratch` if large."""
    n_bytes = dtype.itemsize * sum(counts) * math.prod(shape)
    if n_bytes <= memory_bytes:
        return [np.empty((n, *shape), dtype) for n in counts]
    free = 0
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(scratch).free
    if scratch is None or free < n_bytes:
        where = f"{scratch} has {free / 2**30:.1f} GiB free" if scratch else "no folder is given"
        raise OutputError(
            f"{sum(counts)} patches of {commas(shape[:-1])} px need {n_bytes / 2**30:.1f} GiB, "
            f"but {where}. Ask for fewer {option('patches')}."
        )
    return [
        np.lib.format.open_memmap(scratch / f"{name}.npy", "w+", dtype, (n, *shape))
        if n
        else np.empty((0, *shape), dtype)
        for name, n in zip(("train", "validation"), counts, strict=True)
    ]


def require_equal_channels(stacks: Sequence[Stack]) -> int:
    """Return the number of channels all stacks have."""
    counts = [stack.sizes.get("C", 1) for stack in stacks]
    for stack, count in zip(stacks, counts, strict=True):
        if count != counts[0]:
            raise StackError(
                f"{stack.name}: {count} channels, but {stacks[0].name} has {counts[0]}. "
                "Train on stacks with equal numbers of channels."
            )
    return counts[0]


def _require_some(
    units: Sequence[_Unit], stacks: Sequence[Stack], surveys: Sequence[Survey], plan: PatchPlan
) -> tuple[str, ...]:
    """Raise unless a patch fits somewhere; return a note for each stack without one."""
    useful = {unit.stack for unit in units if len(unit.ranges)}
    if not useful:
        rooms = [
            room_for_patches(stack, survey, plan)
            for stack, survey in zip(stacks, surveys, strict=True)
        ]
        best = max(range(len(rooms)), key=lambda i: math.prod(rooms[i]))
        raise StackError(
            f"{stacks[best].name}: no patch of {commas(plan.patch_px)} px fits between strips; "
            f"there is room for {commas(rooms[best])} px. Pass a smaller {option('patch')}, or "
            f"{flag('keep_strips')} if zeros are data."
        )
    return tuple(
        f"{stack.name}: skipped, no patch of {commas(plan.patch_px)} px fits between its strips"
        for i, stack in enumerate(stacks)
        if i not in useful
    )


def _whole(survey: Survey) -> Survey:
    if survey.n_seen < survey.n_planes:
        raise ValueError("patches need a survey of all planes, not of a sample")
    return survey
