"""Shape of the network: a U-Net for each frame, and convolutions in time over what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import SettingsError
from ...nets.unet import NetSettings
from .sizes import TIME_KERNEL, input_px, lead_px, left_px, reach_and_halo

MOST_INPUTS = 256  # frames and features together
EDGE_PX = 4  # what the ends of a doubled image spoil, at most, beyond what convolutions take


@dataclass(frozen=True)
class CellMincerNet(NetSettings):
    """The shape of CellMincer's network [1]_; width, depth and context can be chosen.

    As published it has no padding and batch normalisation, and doubles images between their
    corners: then the answer depends on the size of a tile. With padding, zeros stand beyond the
    border of a field; without it, what is beyond is reflected.

    References
    ----------
    .. [1] B. Wang et al. Robust self-supervised denoising of voltage imaging data using
       CellMincer. npj Imaging 2, 2024.
    """

    engines: ClassVar[tuple[str, ...]] = ("tensorflow",)
    layout: ClassVar[str] = "cellmincer"
    title: ClassVar[str] = "CellMincer"

    n_features: int = 74
    n_convs: int = 3  # of a block
    time_layers: int = 3  # each looks at `TIME_KERNEL` frames
    padded: bool = False  # zeros beyond the border of an image
    corners: bool = True  # images are doubled with their corners in place, as published
    # The answer is what is added to a smooth movie, so that an untrained net is a Gaussian filter;
    # not in the paper.
    from_smooth: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, low, high in (
            ("n_features", 0, MOST_INPUTS - 1),
            ("n_convs", 1, 5),
            ("time_layers", 1, 20),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise SettingsError(f"{name} is {value!r:.20}; it must be {low} to {high}.")
        for name in ("padded", "corners", "from_smooth"):
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(f"{name} must be true or false.")
        if self.from_smooth and not self.padded:
            raise SettingsError("from_smooth needs padding: set padded, or leave it out.")
        found = {
            "n_dim": (self.n_dim, 2),
            "n_channels": (self.n_channels, 1),
            "blurpool": (self.blurpool, False),
            "skip_skipone": (self.skip_skipone, False),
            "residual": (self.residual, False),
        }
        for name, (value, right) in found.items():
            if value != right:
                raise SettingsError(f"{name} is {value}; CellMincer's net has {right}.")

    @property
    def context(self) -> int:
        """Frames that one frame is restored from, itself among them."""
        return 1 + (TIME_KERNEL - 1) * self.time_layers

    @property
    def taken(self) -> int:
        """Pixels that the convolutions of a block take from an edge."""
        return (self.kernel - 1) * self.n_convs

    @property
    def smallest_px(self) -> int:
        """Smallest edge that goes through."""
        return 2**self.depth if self.padded else input_px(1, self.depth, self.taken)

    def takes(self, edge: int) -> bool:
        """Whether an edge of so many pixels goes through."""
        return edge >= self.smallest_px and not (edge - self.smallest_px) % 2**self.depth

    @property
    def lead(self) -> int:
        """Pixels that are taken from each end of a tile, whose edge is a multiple of the block."""
        return 0 if self.padded else lead_px(self.depth, self.taken)

    @property
    def lost(self) -> int:
        """Pixels on each side of what goes in that do not come out."""
        if self.padded:
            return 0
        whole = input_px(2**10, self.depth, self.taken)
        return (whole - left_px(whole, self.depth, self.taken)) // 2

    @property
    def reach_px(self) -> tuple[int, ...]:
        """How far a pixel acts along Y and X."""
        return (self._geometry[0],) * 2

    @property
    def halo_px(self) -> tuple[int, ...]:
        """Halo of tiles that begin at multiples of the block."""
        return (self._geometry[1],) * 2

    @property
    def own_geometry(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Reach, halo and block along Y and X."""
        return self.reach_px, self.halo_px, (self.block,) * 2

    @property
    def _geometry(self) -> tuple[int, int]:
        block, begin = 2**self.depth, self.lead
        if not self.padded:  # pairs begin where the blocks before have taken their pixels
            begin += sum(self.taken // 2 * 2**level for level in range(self.depth))
        reach, halo = reach_and_halo(self.depth, self.taken, begin % block)
        needed = 0 if self.padded else self.lead + self.lost + EDGE_PX
        return reach, max(halo, -(-needed // block) * block)

    def build(self, seed: int = 0, n_targets: int = 1) -> Any:
        """Build the network of Keras layers, untrained.

        Parameters
        ----------
        seed : int
            Equal seeds give equal weights.
        n_targets : int
            Frames in a row that are restored at once, each from its own context.

        Returns
        -------
        model : keras.Model
            (N, Y, X, frames + features) in, where there are `context` + `n_targets` - 1 frames;
            (N, Y', X', n_targets) out, float32. Without padding Y' and X' are smaller than Y and X.
        """
        from .embedding import build_net

        return build_net(self, seed, n_targets)
