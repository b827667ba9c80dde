"""Noise2Noise on movies: settings, presets and training samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ...contracts import Method
from ...errors import SettingsError, StackError
from ...nets.losses import mean_loss
from ...nets.unet import NetSettings
from ...words import option
from ..learning import FIRST_FILTERS, LEARNING_RANGES, LearningSettings
from ..table import FALLBACK

FEWEST_FRAMES = 2


@dataclass(frozen=True)
class N2NSettings(LearningSettings):
    """Everything `--set` can change; a default stands here and nowhere else."""

    patch_px: tuple[int, ...] = (64, 64)  # YX
    max_gap: int = 1  # frames between the two of a pair; more where the signal is slow
    window_frames: int = 16  # that are kept of a place, to draw pairs from
    loss: Literal["mse", "mae"] = "mse"  # mae learns the median, which photon noise has too low
    net_size: Literal["small", "usual", "large"] = "usual"  # decides unet_n_first: 12, 24 or 48
    unet_n_depth: int = 3
    unet_n_first: int | None = None
    unet_kern_size: int = 3
    batch_norm: bool = False
    residual: bool = False

    def __post_init__(self) -> None:
        if len(self.patch_px) != 2:
            raise SettingsError(
                f"patch {self.patch_px}: Noise2Noise learns from single frames: give one edge or "
                "two (Y,X)."
            )
        self.require_whole_blocks(self.patch_px, self.unet_n_depth)
        self.require_ranges((*LEARNING_RANGES, *_RANGES))

    @property
    def first_filters(self) -> int:
        """Feature maps at full size."""
        return self.unet_n_first or FIRST_FILTERS[self.net_size][0]


_RANGES = (
    ("max_gap", 1, 1000),
    ("window_frames", FEWEST_FRAMES, 1000),
    ("unet_n_depth", 1, 6),
    ("unet_n_first", 1, 512),
    ("unet_kern_size", 1, 15),
)

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"net_size": "small", "epochs": 40},
    "best": {"net_size": "large", "learning_rate": 0.001, "epochs": 100, "steps_per_epoch": 150},
    # N2N of the REFINED movies: ten times through two of 1009 x 1024 x 1024, by CAREamics, whose
    # U-Net is of this size; ours differs in how it goes up again.
    "n2n-refined": {
        "unet_n_depth": 2,
        "unet_n_first": 32,
        "batch_norm": True,
        "loss": "mae",
        "learning_rate": 0.001,
        "schedule": "plateau",
        "plateau_factor": 0.1,
        "batch_size": 128,
        "epochs": 10,
        "steps_per_epoch": 2016,
        "augment": False,
    },
}


@dataclass(frozen=True)
class N2N(Method):
    """Noise2Noise [1]_ on a movie: predict a frame from one close to it in time.

    What both frames show is learned, what differs is not: the noise of a frame must be
    independent of that of the next, and the signal must not change much in between. Noise that
    is correlated from pixel to pixel does no harm.

    References
    ----------
    .. [1] J. Lehtinen et al. Noise2Noise: Learning Image Restoration without Clean Data.
       ICML 2018.
    """

    settings: N2NSettings = N2NSettings()
    name: ClassVar[str] = "n2n"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PRESETS
    movie_axes: ClassVar[str | None] = "YX"
    loss_title: ClassVar[str] = "loss at the other frame of each pair"

    def n2v_names(self) -> dict[str, Any]:
        """What of the settings n2v keeps in its own ``config.json``, by its names."""
        return {
            "train_loss": self.settings.loss,
            "n2v_patch_shape": list(self.settings.patch_px),
        }

    def net_settings(self, n_channels: int) -> NetSettings:
        """The network, from one frame of `n_channels` channels to the same."""
        s = self.settings
        return NetSettings(
            n_dim=2,
            n_channels=n_channels,
            depth=s.unet_n_depth,
            first_filters=s.first_filters,
            kernel=s.unet_kern_size,
            batch_norm=s.batch_norm,
            residual=s.residual,
            single_net_per_channel=not s.joint_channels,
        )

    def fitted(
        self, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[N2N, list[str]]:
        """Need nothing of the data; say what is wrong with absolute errors."""
        if self.settings.loss == "mse":
            return self, []
        return self, [
            "loss mae learns the median of the noise: photon noise comes out too dark, by a third "
            "of a photon and more; mse, the default, has no such bias"
        ]

    def window_px(self, n_frames: int) -> tuple[int, int, int]:
        """Edges (T, Y, X): `window_frames` as far as there are so many, never a single one."""
        if n_frames < FEWEST_FRAMES:
            raise StackError(
                f"{option('method', self.name)} learns from pairs of frames, but the longest scene "
                f"without empty frames has {n_frames}. Use longer movies, or "
                f"{option('method', FALLBACK)}."
            )
        wanted = max(self.settings.window_frames, self.settings.max_gap + 1)
        height, width = self.settings.patch_px
        return min(wanted, n_frames), height, width

    def pick(
        self, windows: np.ndarray, rng: np.random.Generator, summaries: np.ndarray | None = None
    ) -> np.ndarray:
        """Draw a pair of frames from each window: the first is shown, the second the target.

        All pairs of at most `max_gap` frames are equally likely, in both directions: so activity
        that rises and activity that fades teach alike. Windows are counts (N, T, Y, X, C), pairs
        float32 (N, Y, X, 2C): all channels of the one frame, then of the other.
        """
        pairs = pairs_of_frames(windows.shape[1], self.settings.max_gap)
        chosen = pairs[rng.integers(len(pairs), size=len(windows))]
        shown, target = (windows[np.arange(len(windows)), frames] for frames in chosen.T)
        return np.concatenate([shown, target], axis=-1, dtype=np.float32)

    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """Split normalised pairs (N, Y, X, 2C) into what is shown and the target."""
        n_channels = patches.shape[-1] // 2
        return patches[..., :n_channels], patches[..., n_channels:]

    def loss(self) -> Callable[[Any, Any], Any]:
        """Error of all pixels, in normalised units."""
        return mean_loss(self.settings.loss)


def pairs_of_frames(n_frames: int, max_gap: int) -> np.ndarray:
    """List all ordered pairs of different frames at most `max_gap` apart: int64, shape (P, 2)."""
    numbers = np.arange(n_frames)
    gaps = np.abs(numbers[:, np.newaxis] - numbers)
    return np.argwhere((gaps > 0) & (gaps <= max_gap))
