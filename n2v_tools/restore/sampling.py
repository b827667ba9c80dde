"""Some of a stack, for a Restorer that fits itself to the grey levels, or for a trial.

Tests: ``tests/restore/test_uncertainty.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ..contracts import Place, Restorer
from ..stack import Stack
from .match import AxesMatch
from .planes import Plane, read_plane

SAMPLED_PLANES = 16
SAMPLED_SLABS = 4
PIECES_PER_PLANE = 8
TRIAL_PX = {2: (192, 192), 3: (16, 96, 96)}  # the largest piece of a trial
TRIAL_DEEP_PX = (64, 64)  # Y and X of a piece that is deeper
TRIAL_PIECES = {2: 24, 3: 6}
TRIAL_MARGIN_PX = 8  # beside a piece's edge a net sees too little


def read_sample(
    stack: Stack, layout: AxesMatch, restorer: Restorer, *, keep_strips: bool
) -> Iterator[np.ndarray]:
    """Read what `restorer` wants to be fitted to, strips filled: counts, float32 ([Z,] Y, X, C).

    If it has ``sample_px``, the size of a piece in its axes order, pieces of this size or less are
    read; else whole planes. They are evenly spread over the stack, and empty planes are left out.
    `layout` is that of the stack and the restorer; `keep_strips` takes zeros as data.
    """
    wanted = restorer.sample_px
    depth = min(wanted[0], layout.sizes[0]) if wanted and len(wanted) == 3 else 1
    starts = _starts(layout, depth)
    for slab in _evenly(starts, SAMPLED_PLANES if depth == 1 else SAMPLED_SLABS):
        planes = [read_plane(stack, place, keep_strips=keep_strips) for place in slab]
        if wanted is None:
            yield from (values for values in map(_float32, planes) if values is not None)
            continue
        for rows, columns in _windows(layout.sizes[-2:], wanted[-2:]):
            cut = (_float32(plane, rows, columns) for plane in planes)
            pieces = [piece for piece in cut if piece is not None]
            if len(pieces) == len(planes):
                yield np.stack(pieces) if len(wanted) == 3 else pieces[0]


def read_pieces(
    stack: Stack, layout: AxesMatch, *, keep_strips: bool, least_depth: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read pieces to try a Restorer on, evenly spread over the stack, about a million pixels.

    `layout` is that of the stack and the restorer; `keep_strips` takes zeros as data. Pieces of
    volumes and movies have `least_depth` planes or more, where there are so many; the deeper they
    are, the narrower.

    Yields
    ------
    values : ndarray of float32, shape ([Z,] Y, X, C)
        Counts, strips filled; empty planes and what lies beside them are left out.
    real : ndarray of bool, shape ([Z,] Y, X)
        Where there is an image: no strip or gap, and not at the edge of the piece.
    """
    n_dims = len(layout.sizes)
    most = TRIAL_PX[n_dims]
    if n_dims == 3 and least_depth > most[0]:
        most = (least_depth, *TRIAL_DEEP_PX)
    edges = tuple(map(_even_edge, layout.sizes, most))
    depth = edges[0] if n_dims == 3 else 1
    runs = _evenly(_starts(layout, depth), TRIAL_PIECES[n_dims] // 2)
    per_run = -(-TRIAL_PIECES[n_dims] // len(runs))
    for run in runs:
        planes = [read_plane(stack, place, keep_strips=keep_strips) for place in run]
        held = [plane.values for plane in planes if plane.values is not None]
        if len(held) < len(planes):
            continue
        for rows, columns in _windows(layout.sizes[-2:], edges[-2:], per_run):
            values = np.stack([one[rows, columns].astype(np.float32, copy=False) for one in held])
            real = np.stack([_real(plane)[rows, columns] for plane in planes])
            inner = np.zeros_like(real)
            margins = [min(TRIAL_MARGIN_PX, size // 4) for size in real.shape[-2:]]
            y, x = (slice(m, size - m) for m, size in zip(margins, real.shape[-2:], strict=True))
            inner[:, y, x] = real[:, y, x]
            yield (values, inner) if n_dims == 3 else (values[0], inner[0])


def _even_edge(size: int, most: int) -> int:
    """Edge of the fewest equal pieces that are no longer than `most`."""
    return size // -(-size // most)


def _real(plane: Plane) -> np.ndarray:
    """Where no channel has a strip or another pixel that is no data."""
    real = np.ones((len(plane.strips[0].rows), len(plane.strips[0].columns)), bool)
    for strips, kept in zip(plane.strips, plane.kept, strict=True):
        if strips.empty:  # of a channel without an image, which says nothing of the others
            continue
        real &= ~strips.rows[:, np.newaxis] & ~strips.columns
        if kept is not None:
            real &= ~kept.mask
    return real


def _starts(layout: AxesMatch, depth: int) -> list[list[list[Place]]]:
    """Runs of `depth` neighbouring planes, each plane one place per channel."""
    runs = []
    for field in layout.fields:
        places = layout.planes(field)
        runs += [places[i : i + depth] for i in range(0, len(places) - depth + 1, depth)]
    return runs


def _evenly(items: Sequence, n: int) -> list:
    chosen = np.unique(np.linspace(0, len(items) - 1, min(n, len(items))).round().astype(int))
    return [items[i] for i in chosen]


def _windows(
    sizes: Sequence[int], edges: Sequence[int], most: int = PIECES_PER_PLANE
) -> list[tuple[slice, slice]]:
    """Windows side by side in a plane, evenly chosen."""
    along = []
    for size, edge in zip(sizes, edges, strict=True):
        edge = min(size, edge)
        n = size // edge
        along.append(
            [slice(s, s + edge) for s in np.linspace(0, size - edge, n).round().astype(int)]
        )
    return _evenly(list(itertools.product(*along)), most)


def _float32(
    plane: Plane, rows: slice = slice(None), columns: slice = slice(None)
) -> np.ndarray | None:
    if plane.values is None:
        return None
    return plane.values[rows, columns].astype(np.float32, copy=False)
