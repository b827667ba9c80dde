"""DeepCAD-RT's own way through a movie, to reproduce what it gave: ``legacy_rescale``.

Tiles of one size that begin anywhere, each brightened by the square root of what it lost, the
mean of each movie in place of the training data's. It shows blocks, and that is the point:
only what is new is left out (brightness that is no number, values that wrap, edges that
nobody wrote). Everyone else is better served by `run`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import SettingsError, StackError
from ...restore.match import AxesMatch, match_axes
from ...restore.planes import Plane, read_depth, require_finite
from ...restore.run import Write
from ...restore.trained import TrainedRestorer
from ...stack import Stack

Piece = tuple[int, slice, slice]  # start of a tile, what it keeps of itself, what of the axis


@dataclass(frozen=True)
class OriginalSettings:
    """What ``--set`` can change when a DeepCAD model restores.

    Parameters
    ----------
    legacy_rescale : bool
        Reproduce the original program's inference.
    patch_px : tuple of int
        Edges T, Y, X of its tiles; an axis that is shorter is one tile long.
    overlap : float
        Share of a tile's edge that it shares with the next.
    """

    legacy_rescale: bool = False
    patch_px: tuple[int, int, int] = (150, 150, 150)
    overlap: float = 0.6

    def __post_init__(self) -> None:
        if min(self.patch_px) < 8:
            raise SettingsError(f"patch_px is {self.patch_px}; every edge must be 8 or more.")
        if not 0 <= self.overlap <= 0.9:
            raise SettingsError(f"overlap is {self.overlap:g}; it must be 0 to 0.9.")


def restore_as_original(
    stack: Stack,
    restorer: TrainedRestorer,
    write: Write,
    settings: OriginalSettings,
    *,
    memory_bytes: int | None = None,
    keep_strips: bool = False,
    nan: str = "refuse",
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Restore every plane of a movie as the original program does.

    Parameters
    ----------
    stack : Stack
        With T; of several Z planes or channels each is a movie.
    restorer : TrainedRestorer
        Of a DeepCAD net, by an engine that takes tiles of any size: TensorFlow.
    write : callable
        Called as ``write(place, plane)`` with float32 counts, shape (Y, X), in order of T.
    settings : OriginalSettings
        Its tiles.
    memory_bytes, keep_strips, nan, progress
        As in `run.restore_stack`.

    Raises
    ------
    AxesError
        If the stack has no T or other channels.
    StackError
        If pixels are not finite, or an axis is shorter than the net's block.
    SettingsError
        If `memory_bytes` is too small for one tile and the frames that wait for it.
    """
    layout = match_axes(stack, restorer)
    if nan == "refuse":
        require_finite(stack)
    edges = tuple(map(min, settings.patch_px, layout.sizes))
    for letter, size, block in zip(restorer.axes, layout.sizes, restorer.block_px, strict=True):
        if size < block:
            raise StackError(
                f"{stack.name}: {size} px along {letter}, but the original program's net needs "
                f"{block}. Leave legacy_rescale out: short axes are then reflected."
            )
    _require_memory(edges, layout, restorer, memory_bytes)
    n_all, n_done = len(list(stack.places())), 0
    for field in layout.fields:
        places = layout.planes(field)
        mean = _mean(read_depth(stack, places, keep_strips=keep_strips))
        if mean is None:  # nothing but zeros
            mean = np.zeros(restorer.n_channels)
        of_movie = restorer.with_intensity(mean, _deviation(restorer))
        planes = read_depth(stack, places, keep_strips=keep_strips)
        for plane, restored in _restore_movie(planes, layout, of_movie, edges, settings.overlap):
            for place, channel in plane.put_back(restored):
                write(place, channel)
                n_done += 1
            if progress is not None:
                progress(n_done, n_all)


def cover_axis(size: int, edge: int, overlap: float) -> list[Piece]:
    """Cut one axis into the original's tiles.

    Later tiles overwrite earlier ones. A single tile keeps all of itself (the original drops
    its end).

    Parameters
    ----------
    size, edge : int
        Of the axis and of a tile, in pixels; the edge is at most the size.
    overlap : float
        Share of a tile's edge.
    """
    gap = max(1, int(edge * (1 - overlap)))
    cut = (edge - gap) / 2
    n_tiles = math.ceil((size - edge + gap) / gap)
    pieces = []
    for k in range(n_tiles):
        start = size - edge if k == n_tiles - 1 else k * gap
        first = 0 if k == 0 else int(start + cut)
        last = size if k == n_tiles - 1 else int(start + edge - cut)
        pieces.append((start, slice(first - start, last - start), slice(first, last)))
    return pieces


def _restore_movie(
    planes: Iterator[Plane],
    layout: AxesMatch,
    restorer: TrainedRestorer,
    edges: Sequence[int],
    overlap: float,
) -> Iterator[tuple[Plane, np.ndarray | None]]:
    """Yield each frame once no later tile can change it."""
    along_t, *in_plane = (
        cover_axis(size, edge, overlap) for size, edge in zip(layout.sizes, edges, strict=True)
    )
    held: dict[int, Plane] = {}
    for piece, following in itertools.zip_longest(along_t, along_t[1:]):
        start, _, written = piece
        for t in range(len(held) and max(held) + 1, start + edges[0]):
            held[t] = next(planes)
        slab = [held[t].values for t in range(start, start + edges[0])]
        frames = [values for values in slab if values is not None]
        restored = None  # if one frame is empty here the whole movie is
        if len(frames) == len(slab):
            restored = _restore_slab(frames, piece, in_plane, restorer, edges)
        final = written.stop if following is None else min(written.stop, following[2].start)
        for t in range(written.start, final):
            yield held[t], None if restored is None else restored[t - written.start]
        oldest = layout.sizes[0] if following is None else following[0]
        held = {t: plane for t, plane in held.items() if t >= oldest}


def _restore_slab(
    frames: Sequence[np.ndarray],
    along_t: Piece,
    in_plane: Sequence[Sequence[Piece]],
    restorer: TrainedRestorer,
    edges: Sequence[int],
) -> np.ndarray:
    """Frames that one row of tiles along Y and X keeps, float32 (T, Y, X, C)."""
    _, kept_t, written_t = along_t
    restored = np.empty((written_t.stop - written_t.start, *frames[0].shape), np.float32)
    for (y, kept_y, written_y), (x, kept_x, written_x) in itertools.product(*in_plane):
        window = slice(y, y + edges[1]), slice(x, x + edges[2])
        raw = np.stack([frame[window] for frame in frames]).astype(np.float32)
        kept = kept_t, kept_y, kept_x
        core = restorer.predict(raw[np.newaxis])[0][kept]
        restored[:, written_y, written_x] = core * brightness_factor(raw[kept], core)
    return restored


def brightness_factor(raw: np.ndarray, restored: np.ndarray) -> float:
    """Square root of the share of the light that a tile lost; 1 where that is no number."""
    before, after = raw.sum(dtype=np.float64), restored.sum(dtype=np.float64)
    return math.sqrt(before / after) if before * after > 0 else 1.0


def _mean(planes: Iterator[Plane]) -> np.ndarray | None:
    """Mean of each channel over a movie; None if it is empty."""
    total, n = 0.0, 0
    for plane in planes:
        if plane.values is not None:
            total = total + plane.values.sum(axis=(0, 1), dtype=np.float64)
            n += math.prod(plane.values.shape[:2])
    return np.asarray(total) / n if n else None


def _deviation(restorer: TrainedRestorer) -> np.ndarray:
    return np.ones(restorer.n_channels) if restorer.stds is None else restorer.stds


def _require_memory(
    edges: Sequence[int], layout: AxesMatch, restorer: TrainedRestorer, memory_bytes: int | None
) -> None:
    """Refuse tiles that do not fit; unlike ours they cannot be made smaller."""
    if memory_bytes is None:
        return
    frames = 8 * edges[0] * math.prod(layout.sizes[1:]) * restorer.n_channels
    needed = restorer.bytes_per_px * math.prod(edges) + frames
    if needed > memory_bytes:
        raise SettingsError(
            f"--memory {memory_bytes / 1e6:.0f}MB: the original's tiles of "
            f"{' x '.join(map(str, edges))} px and their frames need {needed / 1e6:.0f} MB. Pass "
            f"--memory {math.ceil(needed / 1e8) / 10:.1f}GB or more, or a smaller --set patch_px."
        )
