"""DeepCAD-RT: of a stretch of a movie every other frame is predicted from those between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from ... import keras_backend
from ...contracts import Method
from ...errors import SettingsError, StackError
from ...nets.unet import NetSettings
from ...words import option
from ..learning import LEARNING_RANGES, LearningSettings
from ..table import FALLBACK
from ..windows import sum_frames
from .net import DeepCADNet

LEAST_EDGE = 8  # px or frames that go through three poolings
STILL_FRAMES = 352  # of a window whose mean is what stands still
LEAST_STILL = 64  # frames; the mean of fewer is too noisy to count from


@dataclass(frozen=True)
class DeepCADSettings(LearningSettings):
    """Everything `--set` can change; a default stands here and nowhere else.

    The defaults learn in 20 minutes on two cores what the published settings, in the presets,
    learn in a day on a GPU; see DESIGN.md.
    """

    patch_px: tuple[int, ...] = (64, 64, 64)  # T,Y,X; drawn are twice as many frames
    epochs: int = 60
    steps_per_epoch: int = 150
    learning_rate: float = 0.001
    loss: Literal["l1+l2", "mse", "mae"] = "l1+l2"  # half absolute, half squared error
    normalise: Literal["std", "mean"] = "std"  # mean: counts are not divided by their deviation
    subtract_still: bool = True  # frames are counted from the mean of many; not in the original
    unet_n_depth: int = 3
    unet_n_first: int = 16

    def __post_init__(self) -> None:
        if len(self.patch_px) != 3:
            raise SettingsError(
                f"patch {','.join(map(str, self.patch_px))}: {option('method', 'deepcad')} needs "
                f"three edges T,Y,X, such as {option('patch', (64, 64, 64))}."
            )
        if min(self.patch_px) < LEAST_EDGE:
            raise SettingsError(
                f"patch edge {min(self.patch_px)}: {option('method', 'deepcad')} needs "
                f"{LEAST_EDGE} or more."
            )
        self.require_ranges((*LEARNING_RANGES, *_RANGES))

    @property
    def batch(self) -> int:
        """Patches a step."""
        return self.batch_size or 1

    @property
    def patch_multiple(self) -> int:
        """Edges are multiples of this: of 8, unless others were asked for, as the original does."""
        block = 2**self.unet_n_depth
        return 1 if any(edge % block for edge in self.patch_px) else block

    def divisors(self, stds: Sequence[float]) -> tuple[float, ...]:
        """By what counts are divided: their deviation, or as in the original nothing."""
        return tuple(stds) if self.normalise == "std" else (1.0,) * len(stds)


_RANGES = (("unet_n_depth", 1, 3), ("unet_n_first", 2, 512))
_L1_SHARE = {"l1+l2": 0.5, "mse": 0.0, "mae": 1.0}

PUBLISHED: dict[str, Any] = {
    "learning_rate": 5e-5,
    "beta_1": 0.5,
    "schedule": "constant",
    "batch_size": 1,
    "normalise": "mean",
    "subtract_still": False,
    "validation": 0.0,
}

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # A quarter of the weights and the cost.
    "fast": {"unet_n_first": 8},
    # As in the demonstration that comes with the original.
    "deepcad-rt": {
        **PUBLISHED,
        "patch_px": (150, 150, 150),
        "epochs": 10,
        "steps_per_epoch": 6000,
    },
    # As in the AI4Life open call's project 13, calcium imaging.
    "deepcad-rt-p13": {
        **PUBLISHED,
        "patch_px": (64, 64, 64),
        "epochs": 10,
        "steps_per_epoch": 12000,
    },
}


@dataclass(frozen=True)
class DeepCAD(Method):
    """Predict the odd frames of a stretch of a movie from the even ones, or the other way round.

    The noise must be independent from frame to frame, the signal must not [1]_. A 3D U-Net sees
    one half of the frames and all pixels of the other half are its targets; later it takes all
    frames. See `net` and, for how a movie is restored, `restorer` and `original`.

    References
    ----------
    .. [1] X. Li et al. Real-time denoising enables high-sensitivity fluorescence time-lapse
       imaging beyond the shot-noise limit. Nature Biotechnology 41, 2023.
    """

    settings: DeepCADSettings = DeepCADSettings()
    means: tuple[float, ...] = ()  # counts, of the training data
    name: ClassVar[str] = "deepcad"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PRESETS
    movie_axes: ClassVar[str | None] = "TYX"
    loss_title: ClassVar[str] = "loss at frames left out"

    def net_settings(self, n_channels: int) -> NetSettings:
        """The network for patches of `n_channels` channels."""
        s = self.settings
        return DeepCADNet(
            n_dim=3,
            n_channels=n_channels,
            depth=s.unet_n_depth,
            first_filters=s.unet_n_first,
            single_net_per_channel=not s.joint_channels,
        )

    def n2v_names(self) -> dict[str, Any]:
        """What n2v's ``config.json`` has a name for."""
        return {"n2v_patch_shape": list(self.settings.patch_px)}

    def own_record(self) -> dict[str, Any]:
        """Whether frames are counted from what stands still."""
        return {"still": True} if self.settings.subtract_still else {}

    def fitted(
        self, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[DeepCAD, list[str]]:
        """Take note of the mean; short movies are not counted from what stands still."""
        settings, notes = self.settings, []
        if settings.subtract_still and not self._counts_from_still(patches.shape[1]):
            settings = replace(settings, subtract_still=False)
            notes.append(
                f"{patches.shape[1]} frames are too few to tell what stands still: frames are "
                "taken as they are"
            )
        return replace(self, settings=settings, means=tuple(means)), notes

    def window_px(self, n_frames: int) -> tuple[int, int, int]:
        """Edges (T, Y, X) of a window: twice the frames of a patch, or what the movies have.

        StackError if they have fewer than 16 frames.
        """
        _, height, width = self.settings.patch_px
        depth = self._depth(n_frames)
        if depth < LEAST_EDGE:
            raise StackError(
                f"the movies have {n_frames} frames without gaps, but "
                f"{option('method', self.name)} "
                f"needs {2 * LEAST_EDGE} or more. Take {option('method', FALLBACK)} for single "
                "images."
            )
        if self._counts_from_still(n_frames):
            return max(2 * depth, min(n_frames, STILL_FRAMES)), height, width
        return 2 * depth, height, width

    def _depth(self, n_frames: int) -> int:
        """Frames of a patch, half of those that are looked at in one step."""
        multiple = self.settings.patch_multiple
        # Half of a window at least is left to tell what stands still.
        most = n_frames // (4 if self._counts_from_still(n_frames) else 2)
        return min(self.settings.patch_px[0], most) // multiple * multiple

    def _counts_from_still(self, n_frames: int) -> bool:
        """Whether windows of so many frames are counted from what stands still in them."""
        return self.settings.subtract_still and n_frames >= LEAST_STILL

    def summarise(self, windows: np.ndarray) -> np.ndarray | None:
        """Sum of all frames of each window, (N, Y, X, C), once for all; None if not needed."""
        return sum_frames(windows) if self._counts_from_still(windows.shape[1]) else None

    def pick(
        self, windows: np.ndarray, rng: np.random.Generator, summaries: np.ndarray | None = None
    ) -> np.ndarray:
        """Take twice the frames of a patch from each window: float32 (N, T, Y, X, C).

        They are counted from the mean of all other frames of the window, which knows nothing of
        their noise, plus the mean of the data; `summaries` is what `summarise` makes of the
        windows.
        """
        n_frames = windows.shape[1]
        if not self._counts_from_still(n_frames):
            return windows.astype(np.float32)
        sums = sum_frames(windows) if summaries is None else summaries
        length = 2 * self._depth(n_frames)
        picked = np.empty((len(windows), length, *windows.shape[2:]), np.float32)
        for window, total, out in zip(windows, sums, picked, strict=True):
            first = int(rng.integers(n_frames - length + 1))
            piece = window[first : first + length]
            others = total - piece.sum(axis=0, dtype=total.dtype)
            still = others / (n_frames - length) - np.array(self.means or 0.0)
            np.subtract(piece, still.astype(np.float32), out=out)
        return picked

    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """Part windows (N, 2T, Y, X, C) into even and odd frames; which is shown is chance."""
        tf = keras_backend.load()
        even, odd = patches[:, ::2], patches[:, 1::2]
        shape = [tf.shape(patches)[0], 1, 1, 1, 1]
        swap = tf.random.stateless_uniform(shape, seed) < 0.5
        return tf.where(swap, odd, even), tf.where(swap, even, odd)

    def loss(self) -> Callable[[Any, Any], Any]:
        """Absolute and squared error in equal parts by default, each the mean over all pixels."""
        tf = keras_backend.load()
        share = _L1_SHARE[self.settings.loss]

        def l1_and_l2(target: Any, predicted: Any) -> Any:
            error = tf.cast(predicted, tf.float32) - tf.cast(target, tf.float32)
            l1, l2 = tf.reduce_mean(tf.abs(error)), tf.reduce_mean(tf.square(error))
            return share * l1 + (1 - share) * l2

        return l1_and_l2
