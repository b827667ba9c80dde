"""The 3D U-Net of DeepCAD-RT, laid out by the same builder as the U-Net of Noise2Void.

Convolutions of 3 x 3 x 3 with ReLU and nothing else, two per level; the first of a level on
the way down is half as wide as the second. A net with 16 feature maps has 1,020,337
parameters. Any size of 8 or more goes through it: what was pooled is brought back to the exact
size it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...nets.unet import Builder


def down_and_up(build: Builder, x: Any, prefix: str) -> Any:
    """Lay out the U [1]_: features at full size, before the last 1-pixel convolution.

    Parameters
    ----------
    build : Builder
        Makes the layers; its settings give depth and width.
    x : tensor of `build`'s kind
        Normalised.
    prefix : str
        Of the layers' names.

    References
    ----------
    .. [1] X. Li et al. Real-time denoising enables high-sensitivity fluorescence time-lapse
       imaging beyond the shot-noise limit. Nature Biotechnology 41, 2023.
    """
    settings = build.settings
    widths = [settings.first_filters * 2**level for level in range(settings.depth + 1)]
    n_in = 1 if settings.single_net_per_channel else settings.n_channels
    skips: list[Any] = []
    for level, width in enumerate(widths):
        if level:
            skips.append(x)
            x = build.pool(x, f"{prefix}pool_{level}")
        narrow = max(width // 2, widths[level - 1] if level else n_in)
        x = build.block(x, narrow, f"{prefix}down_level_{level}_no_0")
        x = build.block(x, width, f"{prefix}down_level_{level}_no_1")
    for level in reversed(range(settings.depth)):
        x = build.concatenate([skips[level], build.upsample(x, skips[level])])
        x = build.block(x, widths[level], f"{prefix}up_level_{level}_no_0")
        x = build.block(x, widths[level], f"{prefix}up_level_{level}_no_1")
    return x


def from_torch(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Bring the weights of the original, PyTorch's, into Keras' layout.

    Layers are in the same order in both: of each level the first and the second
    convolution, down from full size, then up to it, then the last one. Each has a kernel and a
    bias.

    Parameters
    ----------
    arrays : sequence of ndarray
        Values of the original's ``state_dict``, in its order; kernels (out, in, T, Y, X).

    Returns
    -------
    weights : list of ndarray of float32
        For ``keras.Model.set_weights``; kernels (T, Y, X, in, out).
    """
    return [
        np.asarray(a.transpose(2, 3, 4, 1, 0) if a.ndim == 5 else a, np.float32) for a in arrays
    ]
