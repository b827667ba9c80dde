"""Positions of blind spots.

A blind spot is a pixel whose value the network must predict without seeing it.
This module chooses positions and nothing else: `replace` decides what stands in
for the hidden value, `batches` hands the result to the network. Written once for
any number of axes, so that no 2-D and 3-D branches can drift apart.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from .. import keras_backend
from ..errors import SettingsError


def box_edges(shape: tuple[int, ...], masked_percent: float) -> tuple[int, ...]:
    """Edges of the boxes that hold one blind spot each.

    The largest boxes, of edges that differ by at most one pixel, that are no larger
    than ``100 / masked_percent`` pixels, so that dropping some of their spots leaves
    the share asked for. A box is no longer than the patch.

    Parameters
    ----------
    shape : tuple of int, length D
        Patch size in pixels, in axes order (``YX`` or ``ZYX``).
    masked_percent : float
        Share of the patch to hide, in percent of its pixels.

    Returns
    -------
    edges : tuple of int, length D
        In pixels.

    Raises
    ------
    SettingsError
        If the patch cannot hold even one blind spot at this share.
    """
    n_pixels = math.prod(shape)
    if not 100 / n_pixels <= masked_percent <= 50:
        raise SettingsError(
            f"masked_percent is {masked_percent:g}: a patch of {' x '.join(map(str, shape))} px "
            f"has room for one blind spot or more only from {100 / n_pixels:.2g} to 50. Raise it, "
            "or use larger patches."
        )
    wanted = 100 / masked_percent
    edge = max(1, math.floor(wanted ** (1 / len(shape)) + 1e-9))
    candidates = itertools.product(*[sorted({min(edge, n), min(edge + 1, n)}) for n in shape])
    fitting = [edges for edges in candidates if math.prod(edges) <= wanted + 1e-9]
    return max(fitting, key=lambda edges: (math.prod(edges), edges[::-1]))


def stratified_positions(
    n_images: int, shape: tuple[int, ...], masked_percent: float, seed: Any
) -> tuple[Any, Any]:
    """Draw at most one blind spot in each box of a regular grid.

    Boxes keep blind spots apart, so the pixels that serve to predict one are seldom
    blind themselves [1]_. Every pixel is equally likely to be hidden.

    Parameters
    ----------
    n_images : int or scalar tensor
        Number of images (patches times channels), M; each gets its own spots.
    shape : tuple of int, length D
        Patch size in pixels, in axes order (``YX`` or ``ZYX``).
    masked_percent : float
        Share of the patch to hide, in percent of its pixels; at most 50.
    seed : int tensor of shape (2,)
        Equal seeds give equal positions.

    Returns
    -------
    positions : int32 tensor, shape (M, P, D)
        One spot per box, in pixels from the corner of the patch.
    used : bool tensor, shape (M, P)
        False where a spot is outside the patch or was dropped to meet the share.

    References
    ----------
    .. [1] A. Krull, T.-O. Buchholz, F. Jug. Noise2Void - Learning Denoising
       from Single Noisy Images. CVPR 2019.
    """
    tf = keras_backend.load()
    edges = box_edges(shape, masked_percent)
    grid = [math.ceil(size / edge) for size, edge in zip(shape, edges, strict=True)]
    boxes = list(itertools.product(*[range(n) for n in grid]))
    corners = tf.constant([[b * e for b, e in zip(box, edges, strict=True)] for box in boxes])
    chance = tf.random.stateless_uniform(
        (n_images, len(boxes), len(shape) + 1), seed
    )  # (M, P, D+1)
    inside_box = tf.cast(chance[..., :-1] * tf.constant(edges, tf.float32), tf.int32)
    positions = corners + tf.minimum(inside_box, tf.constant(edges) - 1)
    keep_share = masked_percent / 100 * math.prod(edges)
    used = tf.reduce_all(positions < tf.constant(shape), axis=-1)  # boxes may overhang the patch
    return positions, used & (chance[..., -1] < keep_share)
