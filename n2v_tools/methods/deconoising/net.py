"""Networks of DecoNoising: n2v's U-Net, and the one that was published.

Both predict the image before the blur, divided by the mean's deviation and by a factor that
`method` keeps. They have names of their own, since n2v, which does not know the blur, would take
their answer for the restored image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import SettingsError
from ...nets.builder import Builder
from ...nets.unet import NetSettings


@dataclass(frozen=True)
class SharpNet(NetSettings):
    """The U-Net of Noise2Void, in any size, whose answer is still to be blurred."""

    layout: ClassVar[str] = "deconoising"
    title: ClassVar[str] = "DecoNoising"


@dataclass(frozen=True)
class PublishedNet(NetSettings):
    """The U-Net of the original [1]_: what comes from the left is added, not joined.

    Two convolutions of 3 pixels with ReLU on each level, transposed convolutions of 2 pixels on
    the way up, one of 1 pixel at the end. With 64 feature maps and two poolings it has 1,677,377
    parameters in 2D.

    References
    ----------
    .. [1] A. S. Goncharova, A. Honigmann, F. Jug, A. Krull. Improving Blind Spot Denoising for
       Microscopy. ECCV Workshops 2020.
    """

    initialised_normal: ClassVar[bool] = True
    layout: ClassVar[str] = "deconoising_published"
    title: ClassVar[str] = "DecoNoising"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("batch_norm", "residual", "blurpool", "skip_skipone", "n_inputs"):
            if getattr(self, name):
                raise SettingsError(
                    f"{name} is {getattr(self, name)}; the published net has none. Leave it out."
                )

    def down_and_up(self, build: Builder, x: Any, prefix: str) -> Any:
        """The U: features at full size, before the last 1-pixel convolution."""
        widths = [self.first_filters * 2**level for level in range(self.depth + 1)]
        skips: list[Any] = []
        for level, width in enumerate(widths):
            if level:
                skips.append(x)
                x = build.pool(x, f"{prefix}pool_{level}")
            for number in (0, 1):
                x = build.block(x, width, f"{prefix}down_level_{level}_no_{number}")
        for level in reversed(range(self.depth)):
            x = build.up_conv(x, widths[level], f"{prefix}up_level_{level}")
            x = build.add(skips[level], x)
            for number in (0, 1):
                x = build.block(x, widths[level], f"{prefix}up_level_{level}_no_{number}")
        return x
