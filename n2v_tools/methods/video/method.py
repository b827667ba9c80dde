"""The default for movies: each frame is told from its neighbours in time, never from itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from ... import keras_backend
from ...contracts import Method
from ...errors import SettingsError, StackError
from ...nets.losses import mean_loss
from ...nets.unet import NetSettings
from ...words import option
from ..learning import LEARNING_RANGES, LearningSettings
from ..table import FALLBACK, require_one_channel
from ..windows import sum_frames
from .bands import LEAST_FRAMES, MOST_FRAMES, Bands, Frames, growing_bands
from .images import ImagesOfFrames

AT_THE_ENDS = 0.1  # share of samples that are drawn as if the movie ended within the window
FITTED_TO = 64  # windows that image contrasts are measured on
FIRST_FILTERS = {"small": 8, "usual": 16, "large": 32}


@dataclass(frozen=True)
class VideoSettings(LearningSettings):
    """Everything `--set` can change; a default stands here and nowhere else."""

    patch_px: tuple[int, ...] = (64, 64)  # YX
    epochs: int = 100
    singles: int = 4  # nearest frames on either side that are shown one by one
    growth: float = 2.0  # each further run of frames is so much longer
    reach: int = 63  # frames on either side that are shown in runs
    base: int = 160  # frames on either side of a block of 32 whose mean is what stands still
    scales: tuple[float, ...] = ()  # contrast of each image and the target; empty: measured
    loss: Literal["mse", "mae"] = "mse"
    net_size: Literal["small", "usual", "large"] = "usual"  # what decides unet_n_first
    unet_n_depth: int = 3
    unet_n_first: int | None = None  # None: 8, 16 or 32
    unet_kern_size: int = 3

    def __post_init__(self) -> None:
        if len(self.patch_px) != 2:
            raise SettingsError(
                f"patch {self.patch_px}: {option('method', 'video')} takes two edges (Y,X); how "
                "far it looks in time is set by reach."
            )
        self.require_ranges((*LEARNING_RANGES, *_RANGES))
        self.require_whole_blocks(self.patch_px, self.unet_n_depth)
        if self.joint_channels or self.start_from:
            name = "joint_channels" if self.joint_channels else "start_from"
            raise SettingsError(
                f"{name} cannot be used with {option('method', 'video')}: leave it out."
            )
        if self.scales and (
            len(self.scales) != self.bands.n_images + 1 or not min(self.scales) > 0
        ):
            raise SettingsError(
                f"scales must be {self.bands.n_images + 1} numbers above 0, one for each image and "
                "one for the target; leave it out to have them measured."
            )

    @property
    def bands(self) -> Bands:
        """Which frames make which image."""
        return growing_bands(self.singles, self.growth, self.reach, self.base)

    @property
    def first_filters(self) -> int:
        """Feature maps at full size."""
        return self.unet_n_first or FIRST_FILTERS[self.net_size]


_RANGES = (
    ("singles", 1, 64),
    ("growth", 1, 8),
    ("reach", 1, MOST_FRAMES),
    ("base", 1, MOST_FRAMES),
    ("unet_n_depth", 1, 6),
    ("unet_n_first", 1, 512),
    ("unet_kern_size", 1, 15),
)

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"net_size": "small"},
    "best": {"net_size": "large", "learning_rate": 0.001, "epochs": 400},
}


@dataclass(frozen=True)
class Video(Method):
    """Predict a frame from those before and after it.

    The noise must be independent from frame to frame; within a frame it may be correlated in
    any way. The target is the noisy frame itself, every pixel of it, as in Noise2Noise [1]_ and
    DeepInterpolation [2]_: what the net is shown tells nothing of the target's noise, so the
    mean of what it can answer is the signal. A 2D U-Net takes the neighbours as channels: the
    nearest frames, means of runs that grow with their distance, and the mean of many frames,
    from which the others and the target are counted, so that what moves is not drowned by what
    stands still.

    References
    ----------
    .. [1] J. Lehtinen et al. Noise2Noise: Learning image restoration without clean data. ICML
       2018.
    .. [2] J. Lecoq et al. Removing independent noise in systems neuroscience data using
       DeepInterpolation. Nature Methods 18, 2021.
    """

    settings: VideoSettings = VideoSettings()
    name: ClassVar[str] = "video"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PRESETS
    movie_axes: ClassVar[str | None] = "TYX"
    loss_title: ClassVar[str] = "loss at all pixels of the frame"

    def window_px(self, n_frames: int) -> tuple[int, int, int]:
        """As many frames as a still image is made of, or all there are."""
        if n_frames < LEAST_FRAMES:
            raise StackError(
                f"{option('method', 'video')} needs movies of {LEAST_FRAMES} frames or more, but "
                f"there are {n_frames}. Use {option('method', FALLBACK)}."
            )
        height, width = self.settings.patch_px
        return self.settings.bands.n_base(n_frames), height, width

    def summarise(self, windows: np.ndarray) -> np.ndarray:
        """Sum of all frames of each window: (N, T, Y, X, 1) to (N, Y, X, 1), once for all steps."""
        return sum_frames(windows)

    def pick(
        self, windows: np.ndarray, rng: np.random.Generator, summaries: np.ndarray | None = None
    ) -> np.ndarray:
        """Make the images of one frame of each window, and the frame: float32 (N, Y, X, K + 1).

        Most frames lie where all their neighbours are in the window; one in ten lies anywhere,
        so that the net learns what the ends of a movie look like. The still image is the mean of
        the whole window but for the frame; `summaries` is what `summarise` makes of the windows.
        """
        bands, n_frames = self.settings.bands, windows.shape[1]
        sums = self.summarise(windows) if summaries is None else summaries
        picked = np.empty((len(windows), *windows.shape[2:4], bands.n_images + 1), np.float32)
        inner = range(bands.runs_reach, n_frames - bands.runs_reach)
        for window, total, out in zip(windows[..., 0], sums[..., 0], picked, strict=True):
            anywhere = not inner or rng.random() < AT_THE_ENDS
            t = int(rng.integers(n_frames) if anywhere else rng.choice(inner))
            images = ImagesOfFrames(bands, n_frames, total)
            images.move_to(t, window)
            out[..., :-1] = images.means()
            out[..., -1] = window[t]
        return picked

    def fitted(
        self, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[Video, list[str]]:
        """Measure the contrast of each image, unless it is given: the net sees all alike."""
        if self.settings.scales:
            return self, []
        few = patches[:: max(1, len(patches) // FITTED_TO)]
        images = self.pick(few, np.random.default_rng(0)).astype(np.float64)
        still = images[..., :1]
        contrasts = [float(still.std()), *(images[..., 1:] - still).std(axis=(0, 1, 2)).tolist()]
        least = 1e-6 * max(*contrasts, 1e-12)
        scales = tuple(max(one, least) / stds[0] for one in contrasts)
        settings = replace(self.settings, scales=scales)
        moves = f"{contrasts[-1]:.4g} counts around the mean of their neighbours"
        bands = settings.bands
        return replace(self, settings=settings), [
            f"each frame is told from {bands.n_images} images of the frames around it, never from "
            f"itself; frames deviate by {moves}"
        ]

    def n2v_names(self) -> dict[str, Any]:
        """The patch and the loss; the rest means nothing to n2v, which cannot use this model."""
        return {
            "train_loss": self.settings.loss,
            "n2v_patch_shape": list(self.settings.patch_px),
        }

    def own_record(self) -> dict[str, Any]:
        """Which frames make which image, and their contrasts."""
        return {"frames": Frames(self.settings.bands, self.settings.scales).record()}

    def net_settings(self, n_channels: int) -> NetSettings:
        """The network: images of one frame in, one frame out."""
        require_one_channel(self.name, n_channels)
        s = self.settings
        return NetSettings(
            n_dim=2,
            n_inputs=s.bands.n_images,
            depth=s.unet_n_depth,
            first_filters=s.first_filters,
            kernel=s.unet_kern_size,
        )

    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """Count images and target from the still image, each by its contrast."""
        tf = keras_backend.load()
        scales = tf.constant(self.settings.scales or [1.0] * patches.shape[-1], tf.float32)
        still = patches[..., :1]
        moving = (patches[..., 1:] - still) / scales[1:]
        return tf.concat([still / scales[0], moving[..., :-1]], axis=-1), moving[..., -1:]

    def loss(self) -> Callable[[Any, Any], Any]:
        """Error at all pixels, in units of the target's contrast."""
        return mean_loss(self.settings.loss)
