"""The 3D U-Net of DeepCAD-RT, laid out by the same builder as the U-Net of Noise2Void.

Convolutions of 3 x 3 x 3 with ReLU and nothing else, two per level; the first of a level on
the way down is half as wide as the second. A net with 16 feature maps has 1,020,337
parameters. Any size of 8 or more goes through it: what was pooled is brought back to the exact
size it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...errors import SettingsError
from ...nets.builder import Builder
from ...nets.unet import NetSettings


@dataclass(frozen=True)
class DeepCADNet(NetSettings):
    """The shape of DeepCAD-RT's network [1]_: depth and width can be chosen, nothing else.

    References
    ----------
    .. [1] X. Li et al. Real-time denoising enables high-sensitivity fluorescence time-lapse
       imaging beyond the shot-noise limit. Nature Biotechnology 41, 2023.
    """

    needs_margin: ClassVar[bool] = True
    initialised_as_in_torch: ClassVar[bool] = True
    layout: ClassVar[str] = "deepcad"
    title: ClassVar[str] = "DeepCAD"

    def __post_init__(self) -> None:
        super().__post_init__()
        found = {
            "n_dim": (self.n_dim, 3),
            "batch_norm": (self.batch_norm, False),
            "blurpool": (self.blurpool, False),
            "skip_skipone": (self.skip_skipone, False),
            "n_inputs": (self.n_inputs, None),
        }
        for name, (value, right) in found.items():
            if value != right:
                raise SettingsError(f"{name} is {value}; DeepCAD's net has {right}. Leave it out.")

    def down_and_up(self, build: Builder, x: Any, prefix: str) -> Any:
        """The U: features at full size, before the last 1-pixel convolution."""
        widths = [self.first_filters * 2**level for level in range(self.depth + 1)]
        n_in = 1 if self.single_net_per_channel else self.n_channels
        skips: list[Any] = []
        for level, width in enumerate(widths):
            if level:
                skips.append(x)
                x = build.pool(x, f"{prefix}pool_{level}")
            narrow = max(width // 2, widths[level - 1] if level else n_in)
            x = build.block(x, narrow, f"{prefix}down_level_{level}_no_0")
            x = build.block(x, width, f"{prefix}down_level_{level}_no_1")
        for level in reversed(range(self.depth)):
            x = build.concatenate([skips[level], build.upsample(x, skips[level])])
            x = build.block(x, widths[level], f"{prefix}up_level_{level}_no_0")
            x = build.block(x, widths[level], f"{prefix}up_level_{level}_no_1")
        return x


def from_torch(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Bring the weights of the original, PyTorch's, into Keras' layout.

    Layers are in the same order in both: of each level the first and the second convolution, down
    from full size, then up to it, then the last one. Each has a kernel and a bias. Taken are the
    values of the original's ``state_dict``, in its order, kernels (out, in, T, Y, X); returned is
    what ``keras.Model.set_weights`` takes, float32, kernels (T, Y, X, in, out).
    """
    return [
        np.asarray(a.transpose(2, 3, 4, 1, 0) if a.ndim == 5 else a, np.float32) for a in arrays
    ]
