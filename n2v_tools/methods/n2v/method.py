"""Noise2Void and Noise2Void 2: settings, presets and training samples.

Tests: ``tests/contract/test_known_defects.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ...nets.unet import NetSettings
from ..blind_spots import BlindSpots, BlindSpotSettings


@dataclass(frozen=True)
class N2VSettings(BlindSpotSettings):
    """Everything `--set` can change; a default stands here and nowhere else.

    The defaults differ from n2v's on purpose: hiding more pixels, replacing them by the
    median of their neighbours and leaving out batch normalisation reach n2v's quality in
    a fraction of the time; see DESIGN.md.
    """

    batch_norm: bool = False
    residual: bool = False
    blurpool: bool = False  # N2V2
    skip_skipone: bool = False  # N2V2

    def __post_init__(self) -> None:
        self.require_blind_spots()


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # A third of the time to denoise; learns twice as long, at the same cost as the default.
    "fast": {"net_size": "small", "epochs": 40},
    # As good as an hour on two cores makes it.
    "best": {
        "net_size": "large",
        "learning_rate": 0.001,
        "epochs": 100,
        "steps_per_epoch": 150,
    },
    # The dome author's settings; see the dome workflow in the documentation of the model folders.
    "legacy": {
        "unet_n_depth": 3,
        "unet_n_first": 64,
        "batch_norm": True,
        "learning_rate": 4e-4,
        "schedule": "plateau",
        "batch_size": 128,
        "epochs": 25,
        "steps_per_epoch": 75,
        "masked_percent": 0.198,
        "replacement": "uniform_withCP",
        "radius_px": 5,
        "recorrupt": 0.0,
        "augment": False,
        "joint_channels": True,
    },
}


@dataclass(frozen=True)
class N2V(BlindSpots):
    """Noise2Void [1]_: predict hidden pixels from their neighbours.

    The noise must be independent from pixel to pixel, the signal must not be.

    References
    ----------
    .. [1] A. Krull, T.-O. Buchholz, F. Jug. Noise2Void - Learning Denoising
       from Single Noisy Images. CVPR 2019.
    """

    settings: N2VSettings = N2VSettings()
    name: ClassVar[str] = "n2v"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PRESETS
    loss_title: ClassVar[str] = "loss at hidden pixels"

    @property
    def recorded_name(self) -> str:
        """As models of n2v with a struct mask are called when they are read."""
        masked = self.name == "n2v" and self.settings.mask is not None
        return "structn2v" if masked else self.name

    def net_settings(self, n_channels: int) -> NetSettings:
        """The network for patches of `n_channels` channels."""
        s = self.settings
        return NetSettings(
            n_dim=len(s.patch_px),
            n_channels=n_channels,
            depth=s.depth,
            first_filters=s.first_filters,
            kernel=s.unet_kern_size,
            batch_norm=s.batch_norm,
            residual=s.residual,
            blurpool=s.blurpool,
            skip_skipone=s.skip_skipone,
            single_net_per_channel=not s.joint_channels,
        )


@dataclass(frozen=True)
class N2V2(N2V):
    """Noise2Void 2 [1]_: median replacement, blur pooling and no first skip, against checkerboards.

    References
    ----------
    .. [1] E. Hoeck, T.-O. Buchholz, A. Brachmann, F. Jug, A. Freytag. N2V2 - Fixing
       Noise2Void Checkerboard Artifacts. ECCV Workshops 2022.
    """

    settings: N2VSettings = N2VSettings(
        blurpool=True, skip_skipone=True, unet_n_depth=2, unet_n_first=32
    )
    name: ClassVar[str] = "n2v2"
