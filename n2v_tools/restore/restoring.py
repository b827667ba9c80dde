"""A stack in, restored planes out, however large it is.

The stack is read plane by plane, each field (a plane for a 2D model, a volume for a 3D
one) is covered by tiles, and each restored plane is handed on as soon as it is
complete. Memory depends on the size of a plane and on the model, never on how many
planes there are.

Tests: ``tests/restore/test_restore_stack.py``.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from ..contracts import Output, Restorer, SlidingRestorer
from ..errors import SettingsError, StackError
from ..stack import Stack
from ..words import option
from .cover import DEFAULT_MEMORY_BYTES, TilePlan, plan_tiles
from .flow import Flow
from .match import AxesMatch, match_axes
from .pipeline import ReadAhead, WriteBehind
from .planes import Plane, held_dtype, require_finite
from .sampling import read_sample
from .test_time import WithSymmetries

QUEUE_BYTES = 32 * 2**20  # of planes read ahead, and again of planes to be written
SMALLEST_ROOM = 500 * 10**6  # bytes for a net beside planes that are held, without a bound

Write = Callable[[Mapping[str, int], np.ndarray], None]


@dataclass
class RestoreReport:
    """What was done to a stack; counts planes as they are handed on."""

    tile_px: tuple[int, ...]  # size of a tile, in the model's axes order
    # Pixels predicted for each pixel restored: what halos cost. More memory lowers it.
    work_ratio: float
    n_planes: int = 0  # YX planes written
    n_empty_planes: int = 0  # of these, all zero before and after
    n_planes_with_strips: int = 0  # of these, with some strips, which are zero again
    n_nonfinite: int = 0  # pixels that were NaN or infinite and are NaN now
    n_lone: int = 0  # pixels far off all their neighbours, which the net was not shown
    n_in_regions: int = 0  # pixels of borders, fills and writing, which are as they were
    seconds: float = 0.0  # wall time

    def warnings(self, hot: str) -> list[str]:
        """Say what of the stack was no data, and came out as `hot` says."""
        found = []
        if self.n_lone:
            one = self.n_lone == 1
            pixels = (
                "pixel is far off all around it" if one else "pixels are far off all around them"
            )
            became = "keeps its value" if one else "keep their values"
            remedy = f"{option('hot', 'fill')} restores such pixels"
            if hot == "fill":
                became = f"{'was' if one else 'were'} restored from what is around"
                remedy = f"{option('hot', 'keep')} keeps such values"
            found.append(f"{self.n_lone} {pixels} (hot pixels, cosmic rays) and {became}; {remedy}")
        if self.n_in_regions:
            found.append(
                f"{self.n_in_regions} pixels are no image (a border, a fill value, writing or a "
                "scale bar); they are as they were and had no part in the rest"
            )
        return found

    def add(self, plane: Plane) -> None:
        """Count a plane, all its channels."""
        for strips, kept in zip(plane.strips, plane.kept, strict=True):
            self.n_planes += 1
            self.n_empty_planes += strips.empty
            self.n_planes_with_strips += strips.any and not strips.empty
            if kept is not None:
                self.n_nonfinite += kept.n_nonfinite
                self.n_lone += kept.n_lone
                self.n_in_regions += kept.n_in_regions


def restore_stack(
    stack: Stack,
    restorer: Restorer,
    write: Write,
    *,
    others: Sequence[Write] = (),
    memory_bytes: int | None = None,
    keep_strips: bool = False,
    nan: str = "refuse",
    hot: str = "keep",
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
    others : sequence of callable
        The same for each further output of the restorer, in its order; exactly 0 in strips
        and gaps, and NaN where NaN was.
    memory_bytes : int, optional
        Bound above the base process; default `cover.DEFAULT_MEMORY_BYTES`.
    keep_strips : bool
        Take zeros as data: nothing is filled, nothing is put back.
    nan : {"refuse", "fill"}
        Refuse pixels that are not finite, before any work, or fill them from their
        neighbours for the net and put NaN back.
    hot : {"keep", "fill"}
        What becomes of pixels far off all their neighbours, which a net is not shown: they keep
        their values, or are restored from what is around.
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
        restorer = restorer.around(WithSymmetries)
    n_all = len(list(stack.places()))
    flow, depth = _plan(stack, restorer, layout, memory_bytes, keep_strips)
    report = RestoreReport(flow.plan.tile_px, flow.plan.work_ratio)
    with ExitStack() as threads:
        planes = threads.enter_context(ReadAhead(flow.read(), depth))
        writers = [threads.enter_context(WriteBehind(to, depth)) for to in (write, *others)]
        for plane, restored in flow.restore(planes):
            images = _apart(restored, plane, restorer.outputs)
            for i, (writer, image) in enumerate(zip(writers, images, strict=True)):
                for place, channel in plane.put_back(image, hot, values=i == 0):
                    writer(place, channel)
            report.add(plane)
            if progress is not None:
                progress(report.n_planes, n_all)
    report.seconds = time.perf_counter() - started
    return report


def _apart(
    restored: np.ndarray | None, plane: Plane, outputs: Sequence[Output]
) -> Sequence[np.ndarray | None]:
    """Part the outputs (Y, X, C * K) of a plane; images are as bright as it is."""
    if restored is None:
        return [None] * len(outputs)
    parts = zip(outputs, np.split(restored, len(outputs), axis=-1), strict=True)
    return [plane.as_bright(part) if output.is_image else part for output, part in parts]


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
    queued = 2 * (depth + 1)
    try:
        plan = restorer.own_cover(layout.sizes, memory_bytes)
    except StackError as error:
        raise StackError(f"{stack.name}: {error}") from None
    if plan is None and isinstance(restorer, SlidingRestorer):
        held = restorer.held_bytes(plane_px, value_bytes)
        plan = _plan_plane(restorer, layout.sizes, held, memory_bytes, queued)
    if plan is None:
        plan = plan_tiles(
            layout.sizes,
            restorer.halo_px,
            restorer.block_px,
            restorer.bytes_per_px,
            memory_bytes,
            read_bytes=plane_px * value_bytes,
            restored_bytes=plane_px * 4 * len(restorer.outputs),
            queued_planes=queued,
            tiles_at_once=restorer.tiles_at_once,
            margin=restorer.margin_px,
        )
    return Flow(stack, restorer, plan, layout, keep_strips), depth


def _plan_plane(
    restorer: SlidingRestorer,
    sizes: Sequence[int],
    held: int,
    memory_bytes: int | None,
    queued_planes: int,
) -> TilePlan:
    """Choose the tiles of a plane beside the planes that are held.

    SettingsError if the planes that are held leave no room for a tile.
    """
    if memory_bytes is not None and memory_bytes <= held:
        asked = option("memory", f"{memory_bytes / 1e6:.0f}MB")
        enough = option("memory", f"{math.ceil(1.3 * held / 1e8) / 10:.1f}GB")
        raise SettingsError(
            f"{asked}: the frames of {sizes[-2]} x {sizes[-1]} px that this model looks at "
            f"together need {held / 1e6:.0f} MB. Pass {enough} or more, or {restorer.lighter}."
        )
    room = max(DEFAULT_MEMORY_BYTES - held, SMALLEST_ROOM)
    plan = plan_tiles(
        sizes[-2:],
        restorer.inner.halo_px,
        restorer.inner.block_px,
        restorer.inner.bytes_per_px + restorer.carried_bytes_per_px,
        room if memory_bytes is None else memory_bytes - held,
        queued_planes=queued_planes,
    )
    return dataclasses.replace(plan, memory_bytes=plan.memory_bytes + held)
