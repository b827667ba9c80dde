"""The two networks that everything is measured with, and what they cost.

Net A is n2v's own default apart from the kernel; net B is what the dome models use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from n2v_tools.keras_backend import cpu_flags

BACKWARD = 2  # forward passes that the gradients of weights and of inputs cost


@dataclass(frozen=True)
class Net:
    """A U-Net of n2v with kernel 3.

    Parameters
    ----------
    name : str
    depth, filters : int
        Levels, and filters of the first.
    edge_px : int
        Of the planes it is tried on.
    """

    name: str
    depth: int
    filters: int
    edge_px: int

    def settings(self, n_dim: int = 2, batch_norm: bool = True) -> Any:
        """The same as `n2v_tools.nets.unet.NetSettings`."""
        from n2v_tools.nets.unet import NetSettings

        return NetSettings(
            n_dim=n_dim, depth=self.depth, first_filters=self.filters, batch_norm=batch_norm
        )

    def flop_per_px(self, n_dim: int = 2) -> float:
        """Floating point operations of the convolutions for a pixel or voxel, forward."""
        from n2v_tools.nets.sketch import sketch_net

        steps = [s for s in sketch_net(self.settings(n_dim)).steps if s.kind.startswith("Conv")]
        return sum(2 * math.prod(s.weight_shapes[0]) / s.scale**n_dim for s in steps)

    def step_flop(self, batch: int, patch_px: tuple[int, ...]) -> float:
        """Floating point operations of a training step."""
        pixels = batch * math.prod(patch_px)
        return (1 + BACKWARD) * pixels * self.flop_per_px(len(patch_px))


NETS = {"A": Net("A", 2, 32, 1024), "B": Net("B", 3, 64, 1304)}


def denoising_precision() -> str:
    """What n2v-denoise takes for most trained nets; a random one may fail its trial."""
    return "bfloat16" if {"amx_bf16", "avx512_bf16"} & cpu_flags() else "float32"
