"""A stack in, restored planes out, however large it is.

The stack is read plane by plane, each field (a plane for a 2D model, a volume for a 3D
one) is covered by tiles, and each restored plane is handed on as soon as it is
complete. Memory depends on the size of a plane and on the model, never on how many
planes there are.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..axes import outer_axes
from ..errors import AxesError, StackError
from ..methods.base import Restorer
from ..stack import Stack
from .cover import DEFAULT_MEMORY_BYTES, TilePlan, Window, padded_indices, plan_tiles
from .pipeline import ReadAhead, WriteBehind
from .planes import Place, Plane, read_depth, read_plane, require_finite
from .test_time import WithSymmetries

QUEUE_BYTES = 32 * 2**20  # of planes read ahead, and again of planes to be written
SAMPLED_PLANES = 16  # for a model that fits itself to the grey levels of a stack

Write = Callable[[Mapping[str, int], np.ndarray], None]


@dataclass(frozen=True)
class RestoreReport:
    """What was done to a stack.

    Parameters
    ----------
    n_planes : int
        YX planes written.
    n_empty_planes : int
        Of these, all zero before and after.
    n_planes_with_strips : int
        Of these, with some strips, which are zero again.
    n_nonfinite : int
        Pixels that were NaN or infinite and are NaN now.
    tile_px : tuple of int
        Size of a tile, in the model's axes order.
    seconds : float
        Wall time.
    """

    n_planes: int
    n_empty_planes: int
    n_planes_with_strips: int
    n_nonfinite: int
    tile_px: tuple[int, ...]
    seconds: float


@dataclass(frozen=True)
class Layout:
    """How the axes of a stack meet those of a model.

    Parameters
    ----------
    fields : tuple of mapping
        Place of each field: what is looped over.
    depth : str or None
        Letter of the model's first axis if it has three.
    sizes : tuple of int
        Of a field, in the model's axes order.
    channels : tuple of mapping
        What to add to a place for each channel that the model sees together.
    """

    fields: tuple[Place, ...]
    depth: str | None
    sizes: tuple[int, ...]
    channels: tuple[Place, ...]

    def planes(self, field: Place) -> list[list[Place]]:
        """Places of a field's planes, one list of channels for each plane along the depth."""
        along = [{}] if self.depth is None else [{self.depth: i} for i in range(self.sizes[0])]
        return [[{**field, **at, **channel} for channel in self.channels] for at in along]


def restore_stack(
    stack: Stack,
    restorer: Restorer,
    write: Write,
    *,
    memory_bytes: int | None = None,
    keep_strips: bool = False,
    nan: str = "refuse",
    tta: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> RestoreReport:
    """Restore every plane of a stack.

    Parameters
    ----------
    stack : Stack
        Must hold the model's axes; every other axis is looped over.
    restorer : Restorer
        A trained net, a filter, anything that keeps the contract.
    write : callable
        Called as ``write(place, plane)`` with float32 counts, shape (Y, X), from another
        thread, once for each plane, in an order of its own.
    memory_bytes : int, optional
        Bound above the base process; default 1 GB.
    keep_strips : bool
        Take zeros as data: nothing is filled, nothing is put back.
    nan : {"refuse", "fill"}
        Refuse pixels that are not finite, before any work, or fill them from their
        neighbours for the net and put NaN back.
    tta : bool
        Average over the symmetries that the model allows: up to eight times the work.
    progress : callable, optional
        Called as ``progress(planes done, planes in all)``.

    Raises
    ------
    AxesError
        If the stack lacks an axis of the model or has other channels.
    StackError
        If pixels are not finite, before or after.
    SettingsError
        If `memory_bytes` is too small for this model.
    """
    started = time.perf_counter()
    layout = match_axes(stack, restorer)
    if nan == "refuse":
        require_finite(stack)
    restorer = restorer.fit_intensity(_sample(stack, layout, keep_strips))
    if tta:
        restorer = WithSymmetries(restorer)
    plane_bytes = 4 * math.prod(layout.sizes[-2:]) * restorer.n_channels
    queue_bytes = min(QUEUE_BYTES, (memory_bytes or DEFAULT_MEMORY_BYTES) // 16)
    depth = max(1, min(64, queue_bytes // plane_bytes))
    plan = plan_tiles(
        layout.sizes,
        restorer.reach_px,
        restorer.block_px,
        restorer.bytes_per_px,
        memory_bytes,
        bytes_per_plane=plane_bytes,
        queued_planes=2 * (depth + 1),
    )
    run = _Run(stack, restorer, plan, layout, keep_strips)
    tally = _Tally(len(list(stack.places())), progress)
    with (
        ReadAhead(run.read(), depth) as planes,
        WriteBehind(write, depth) as writer,
    ):
        for plane, restored in run.restore(planes):
            for place, channel in plane.put_back(restored):
                writer(place, channel)
            tally.add(plane)
    return tally.report(plan, time.perf_counter() - started)


def match_axes(stack: Stack, restorer: Restorer) -> Layout:
    """Find out what is looped over, what is depth and what is channel.

    Raises
    ------
    AxesError
        If the stack lacks an axis of the model, or the channels do not fit.
    """
    missing = [axis for axis in restorer.axes if axis not in stack.axes]
    if missing:
        raise AxesError(
            f"{stack.name}: axes {stack.axes} have no {missing[0]}, but the model "
            f"{restorer.name} was made for {restorer.axes}. Use a model for YX planes, or, if the "
            f"axes are named wrongly, pass the right ones with --axes, such as "
            f"--axes {restorer.axes}."
        )
    sizes, n_channels = stack.sizes, restorer.n_channels
    if n_channels > 1 and sizes.get("C", 1) != n_channels:
        raise AxesError(
            f"{stack.name}: axes {stack.axes} hold {sizes.get('C', 1)} channel(s), but the model "
            f"{restorer.name} needs exactly {n_channels}. Use a model with one channel, which "
            f"takes each on its own, or a stack with {n_channels} channels along C."
        )
    together = n_channels > 1
    outer = outer_axes(stack.axes, restorer.axes + ("C" if together else ""))
    numbers = itertools.product(*(range(sizes[axis]) for axis in outer))
    return Layout(
        fields=tuple(dict(zip(outer, at, strict=True)) for at in numbers),
        depth=restorer.axes[0] if len(restorer.axes) == 3 else None,
        sizes=tuple(sizes[axis] for axis in restorer.axes),
        channels=tuple({"C": c} for c in range(n_channels)) if together else ({},),
    )


@dataclass(frozen=True)
class _Run:
    """The steps between reading and writing, for 2D and 3D models alike."""

    stack: Stack
    restorer: Restorer
    plan: TilePlan
    layout: Layout
    keep_strips: bool

    def read(self) -> Iterator[Plane]:
        """Yield the planes of one field after the other."""
        for field in self.layout.fields:
            places = self.layout.planes(field)
            if self.layout.depth is None:
                yield read_plane(self.stack, places[0], keep_strips=self.keep_strips)
            else:
                yield from read_depth(self.stack, places, keep_strips=self.keep_strips)

    def restore(self, planes: Iterator[Plane]) -> Iterator[tuple[Plane, np.ndarray | None]]:
        """Yield each plane with what the net made of it; None if it is empty."""
        if self.layout.depth is None:
            yield from self._restore_planes(planes)
        else:
            for _ in self.layout.fields:
                yield from self._restore_volume(itertools.islice(planes, self.layout.sizes[0]))

    def _restore_planes(self, planes: Iterator[Plane]) -> Iterator[tuple[Plane, np.ndarray | None]]:
        group: list[Plane] = []
        for plane in planes:
            if plane.values is None:
                yield plane, None
                continue
            group.append(plane)
            if len(group) == self.plan.batch:
                yield from self._restore_group(group)
                group = []
        if group:
            yield from self._restore_group(group)

    def _restore_group(self, group: Sequence[Plane]) -> Iterator[tuple[Plane, np.ndarray]]:
        padded = [self._pad(plane.values) for plane in group]
        restored = self._predict(padded, range(len(group)))
        yield from zip(group, restored, strict=True)

    def _restore_volume(self, planes: Iterator[Plane]) -> Iterator[tuple[Plane, np.ndarray | None]]:
        """Restore a volume in slabs; each plane is read once and kept while a slab needs it."""
        sources = padded_indices(self.plan.sizes[0], self.plan.block[0])
        slabs = self.plan.windows(slice(0, 1))
        held: dict[int, np.ndarray | None] = {}
        waiting: dict[int, Plane] = {}
        n_read = 0
        for window, following in itertools.zip_longest(slabs, slabs[1:]):
            needed = sources[window.read[0]].tolist()
            while n_read <= max(needed):
                plane = next(planes)
                held[n_read] = None if plane.values is None else self._pad(plane.values)
                waiting[n_read] = Plane(None, plane.places, plane.strips, plane.broken)
                n_read += 1
            slab = [held[i] for i in needed]
            good = range(*window.write[0].indices(self.plan.sizes[0]))
            still = set() if following is None else set(sources[following.read[0]].tolist())
            for i in set(held) - still:
                del held[i]
            if any(values is None for values in slab):  # then the whole volume is empty
                yield from ((waiting.pop(i), None) for i in good)
                continue
            depths = range(*window.keep[0].indices(len(slab)))
            restored = self._predict(slab, depths)
            del slab
            restored.reverse()
            for i in good:
                yield waiting.pop(i), restored.pop()

    def _predict(self, planes: Sequence[np.ndarray], kept: Iterable[int]) -> list[np.ndarray]:
        """Predict padded planes (Y, X, C), a batch or one slab; return those kept, cropped."""
        deep = self.layout.depth is not None
        kept = list(kept)
        rows, columns = self.plan.sizes[-2:]
        restored = [np.empty((rows, columns, planes[0].shape[-1]), np.float32) for _ in kept]
        for window in self.plan.windows(slice(-2, None)):
            tiles = np.stack([plane[window.read] for plane in planes])
            predicted = self.restorer.predict(tiles[np.newaxis] if deep else tiles)
            predicted = predicted[0] if deep else predicted
            _require_finite_prediction(predicted, window, self.restorer.name, self.stack.name)
            for plane, i in zip(restored, kept, strict=True):
                plane[window.write] = predicted[i][window.keep]
        return restored

    def _pad(self, values: np.ndarray) -> np.ndarray:
        """Pad a plane (Y, X, C) to whole blocks, as its windows expect it."""
        for axis in (0, 1):
            indices = padded_indices(values.shape[axis], self.plan.block[axis - 2])
            if len(indices) != values.shape[axis]:
                values = values.take(indices, axis=axis)
        return values


class _Tally:
    """Counts planes as they are handed on."""

    def __init__(self, n_all: int, progress: Callable[[int, int], None] | None) -> None:
        self.n_all = n_all
        self.progress = progress
        self.n_done = self.n_empty = self.n_with_strips = self.n_nonfinite = 0

    def add(self, plane: Plane) -> None:
        for strips, broken in zip(plane.strips, plane.broken, strict=True):
            self.n_done += 1
            self.n_empty += strips.empty
            self.n_with_strips += strips.any and not strips.empty
            self.n_nonfinite += 0 if broken is None else int(np.count_nonzero(broken))
        if self.progress is not None:
            self.progress(self.n_done, self.n_all)

    def report(self, plan: TilePlan, seconds: float) -> RestoreReport:
        tile_px = tuple(
            min(edge, len(padded_indices(size, block)))
            for edge, size, block in zip(plan.edges, plan.sizes, plan.block, strict=True)
        )
        return RestoreReport(
            self.n_done, self.n_empty, self.n_with_strips, self.n_nonfinite, tile_px, seconds
        )


def _require_finite_prediction(
    predicted: np.ndarray, window: Window, model: str, stack: str
) -> None:
    n_broken = predicted.size - int(np.count_nonzero(np.isfinite(predicted)))
    if n_broken:
        raise StackError(
            f"{stack}: {n_broken} of {predicted.size} pixels that the model {model} restored "
            f"near Y {window.write[0].start}, X {window.write[1].start} are NaN or infinite. Its "
            "training has probably diverged: see training.csv in the model folder and train with "
            "a lower learning rate."
        )


def _sample(stack: Stack, layout: Layout, keep_strips: bool) -> Iterator[np.ndarray]:
    """Read some planes, evenly spread, strips filled: float32 (Y, X, C)."""
    places = [channels for field in layout.fields for channels in layout.planes(field)]
    chosen = np.unique(np.linspace(0, len(places) - 1, SAMPLED_PLANES).round().astype(int))
    for i in chosen:
        plane = read_plane(stack, places[i], keep_strips=keep_strips)
        if plane.values is not None:
            yield plane.values
