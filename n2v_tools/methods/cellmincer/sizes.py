"""Sizes of images in a U-Net without padding, and how far a pixel acts in one of either kind.

Each block of convolutions takes the same number of pixels from an image, a pooling halves it,
and on the way up it is doubled again. So only some sizes go through, and pairs of pixels that are
pooled begin at a certain place.

Tests: ``tests/methods/cellmincer/test_net.py``.
"""

from __future__ import annotations

import numpy as np

TIME_KERNEL = 5  # frames of a convolution in time
EMBEDDING, TIME = "embedding", "time"  # names of the two layers that hold all weights


def input_px(output_px: int, depth: int, taken: int) -> int:
    """Smallest edge that goes through and leaves `output_px` or more; a block takes `taken`."""
    for _ in range(depth):
        output_px = -(-(output_px + taken) // 2)
    edge = output_px + taken
    for _ in range(depth):
        edge = 2 * edge + taken
    return edge


def left_px(edge: int, depth: int, taken: int) -> int:
    """What an edge of `edge` pixels becomes; it must be one that goes through."""
    for _ in range(depth):
        edge = (edge - taken) // 2
    edge -= taken
    for _ in range(depth):
        edge = 2 * edge - taken
    return edge


def lead_px(depth: int, taken: int) -> int:
    """Pixels to take from both ends of a multiple of ``2**depth`` so that it goes through."""
    block = 2**depth
    return next(
        lead for lead in range(block) if (input_px(block, depth, taken) + 2 * lead) % block == 0
    )


def reach_and_halo(depth: int, taken: int, phase: int) -> tuple[int, int]:
    """How far a pixel acts, and the smallest halo of tiles cut at multiples of ``2**depth``.

    Convolutions of a block act on ``taken / 2`` pixels on either side, poolings join pairs that
    begin at `phase`, and what is doubled is interpolated between the centres of pixels.
    """
    block = 2**depth
    low, high = _seen(np.arange(block) - phase, np.arange(block) - phase, depth, taken // 2)
    places = np.arange(block) - phase
    reach = int(max((places - low).max(), (high - places).max()))
    outside = max(int(-(low + phase).min()), int((high + phase).max()) - (block - 1))
    return reach, -(-outside // block) * block


def _seen(
    low: np.ndarray, high: np.ndarray, depth: int, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """First and last pixel of the input that pixels `low` to `high` of the output depend on."""
    low, high = low - side, high + side  # the block on the way up
    straight = low - side, high + side  # over the bridge, and the block on the way down
    if not depth:
        return low, high
    deeper = _seen((low - 1) // 2, (high + 1) // 2, depth - 1, side)
    pooled = 2 * deeper[0] - side, 2 * deeper[1] + 1 + side
    return np.minimum(straight[0], pooled[0]), np.maximum(straight[1], pooled[1])
