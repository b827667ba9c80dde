"""A stack in, restored planes out, however large it is.

The stack is read plane by plane, each field (a plane for a 2D model, a volume for a 3D
one) is covered by tiles, and each restored plane is handed on as soon as it is
complete. Memory depends on the size of a plane and on the model, never on how many
planes there are.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..methods.base import Restorer
from ..methods.video.restorer import MovieRestorer, held_bytes, plan_frame
from ..stack import Stack
from .cover import DEFAULT_MEMORY_BYTES, TilePlan, plan_tiles
from .flow import Flow
from .match import AxesMatch, match_axes
from .pipeline import ReadAhead, WriteBehind
from .planes import Plane, held_dtype, require_finite
from .sample import read_sample
from .test_time import WithSymmetries

if TYPE_CHECKING:
    from .uncertainty import Uncertainty

QUEUE_BYTES = 32 * 2**20  # of planes read ahead, and again of planes to be written

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
    work_ratio : float
        Pixels predicted for each pixel restored: what halos cost. More memory lowers it.
    seconds : float
        Wall time.
    """

    n_planes: int
    n_empty_planes: int
    n_planes_with_strips: int
    n_nonfinite: int
    tile_px: tuple[int, ...]
    work_ratio: float
    seconds: float


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
        Bound above the base process; default `cover.DEFAULT_MEMORY_BYTES`.
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
    restorer = restorer.fit_intensity(read_sample(stack, layout, restorer, keep_strips=keep_strips))
    if tta:
        movie = isinstance(restorer, MovieRestorer)
        restorer = restorer.with_symmetries() if movie else WithSymmetries(restorer)
    tally = _Tally(len(list(stack.places())), progress)
    flow, depth = _plan(stack, restorer, layout, memory_bytes, keep_strips)
    with (
        ReadAhead(flow.read(), depth) as planes,
        WriteBehind(write, depth) as writer,
    ):
        for plane, restored in flow.restore(planes):
            for place, channel in plane.put_back(restored):
                writer(place, channel)
            tally.add(plane)
    return tally.report(flow.plan, time.perf_counter() - started)


def restore_with_uncertainty(
    uncertainty: Uncertainty,
    write: Write,
    write_uncertainty: Write,
    *,
    memory_bytes: int | None = None,
    keep_strips: bool = False,
    nan: str = "refuse",
    progress: Callable[[int, int], None] | None = None,
) -> RestoreReport:
    """Restore every plane of a stack and say, pixel by pixel, how wrong that may be.

    Parameters
    ----------
    uncertainty : Uncertainty
        As `uncertainty.fit_uncertainty` makes it of a stack and a Restorer.
    write, write_uncertainty : callable
        Called as ``write`` of `restore_stack`, one with restored planes, one with the standard
        deviation of their error: float32 counts, exactly 0 in strips, NaN where NaN was.
    memory_bytes, keep_strips, nan, progress
        As in `restore_stack`.

    Raises
    ------
    StackError
        If pixels are not finite, before or after.
    SettingsError
        If `memory_bytes` is too small for this model.
    """
    started = time.perf_counter()
    parts = uncertainty.parts
    if nan == "refuse":
        for part in parts:
            require_finite(part.stack)
    tally = _Tally(sum(len(list(part.stack.places())) for part in parts), progress)
    from .probing import with_marks  # late: SciPy takes 0.2 s of the start

    for part in parts:
        half = part.restorer.n_channels // 2
        layout = match_axes(part.stack, part.restorer.probe.inner)
        flow, depth = _plan(part.stack, part.restorer, layout, memory_bytes, keep_strips)
        with (
            ReadAhead(with_marks(flow.read(), uncertainty.seed), depth) as planes,
            WriteBehind(write, depth) as writer,
            WriteBehind(write_uncertainty, depth) as second,
        ):
            for plane, both in flow.restore(planes):
                halves = (None, None) if both is None else (both[..., :half], both[..., half:])
                for to, values in zip((writer, second), halves, strict=True):
                    for place, channel in plane.put_back(values):
                        to({**place, **part.place}, channel)
                tally.add(plane)
    return tally.report(flow.plan, time.perf_counter() - started)


def _plan(
    stack: Stack,
    restorer: Restorer,
    layout: AxesMatch,
    memory_bytes: int | None,
    keep_strips: bool,
) -> tuple[Flow, int]:
    """Choose tiles within the memory, and how many planes may wait on either side."""
    plane_px = math.prod(layout.sizes[-2:]) * restorer.n_channels
    queue_bytes = min(QUEUE_BYTES, (memory_bytes or DEFAULT_MEMORY_BYTES) // 16)
    depth = max(1, min(64, queue_bytes // (4 * plane_px)))
    value_bytes = held_dtype(stack.dtype).itemsize
    if isinstance(restorer, MovieRestorer):
        held = held_bytes(restorer.frames.bands, plane_px, value_bytes)
        plan = plan_frame(restorer, layout.sizes, held, memory_bytes, 2 * (depth + 1))
        return Flow(stack, restorer, plan, layout, keep_strips), depth
    plan = plan_tiles(
        layout.sizes,
        getattr(restorer, "halo_px", restorer.reach_px),
        restorer.block_px,
        restorer.bytes_per_px,
        memory_bytes,
        read_bytes=plane_px * value_bytes,
        restored_bytes=plane_px * 4,
        queued_planes=2 * (depth + 1),
        tiles_at_once=getattr(restorer, "tiles_at_once", 1),
        margin=getattr(restorer, "margin_px", ()),
    )
    return Flow(stack, restorer, plan, layout, keep_strips), depth


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
        return RestoreReport(
            self.n_done,
            self.n_empty,
            self.n_with_strips,
            self.n_nonfinite,
            plan.tile_px,
            plan.work_ratio,
            seconds,
        )
