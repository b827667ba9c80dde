"""CellMincer: hidden pixels of a frame from the frames around it, told of the whole movie."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ... import keras_backend
from ...contracts import Method
from ...errors import SettingsError, StackError
from ...nets.losses import masked_loss
from ...words import option, setting
from ..learning import LEARNING_RANGES, LearningSettings
from ..table import FALLBACK, require_one_channel
from .context import LEAST, MOST, measure_context
from .looks import MovieFacts, Preparing
from .net import CellMincerNet
from .section import net_record
from .sizes import TIME_KERNEL
from .trend import Kind

LEAST_FRAMES = 9
SPARE_FRAMES = 24  # of a window, beside those of one sample: it gives several
AUX = 2  # images beside the features: mean and deviation of what replaces a pixel
EPSILON = 1e-8


@dataclass(frozen=True)
class CellMincerSettings(LearningSettings, Preparing):
    """Everything `--set` can change; a default stands here and nowhere else.

    The defaults are for two processors and ten minutes; the preset ``cellmincer`` has the
    published ones.
    """

    patch_px: tuple[int, ...] = (64, 64)  # YX, what the net is shown, padding included
    epochs: int = 120
    steps_per_epoch: int = 50
    learning_rate: float = 0.001
    trend: Kind = "bleaching"  # what is taken from each pixel first
    trend_order: int = 2
    masked_percent: float = 20.0  # of the pixels of a frame
    targets: int = 16  # frames in a row that are learned at once
    context: int | None = None  # frames that one is restored from: 5, 9, 13 ...; None: measured
    occlude: bool = False  # hide, in training, what would be reflected beyond the border
    unet_n_depth: int = 2
    unet_n_first: int = 8
    unet_n_convs: int = 2  # in each block
    unet_kern_size: int = 3
    batch_norm: bool = False
    padded: bool = True  # zeros beyond the border of a field; else it is reflected
    from_smooth: bool = True  # learn what is to be added to a smooth movie
    legacy_upsampling: bool = False  # corners stay in place, so that tiles differ from the whole
    legacy_ends: bool = False  # the first and last frames are copies of the nearest with a context

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.patch_px) != 2:
            raise SettingsError(
                f"patch {self.patch_px}: {option('method', 'cellmincer')} takes two edges (Y,X); "
                "how far it looks in time is set by context."
            )
        self.require_ranges((*LEARNING_RANGES, *_RANGES))
        if self.context is not None and self.context % (TIME_KERNEL - 1) != 1:
            raise SettingsError(f"context is {self.context}; it must be 5, 9, 13, 17 and so on.")
        if self.joint_channels or self.start_from:
            name = "joint_channels" if self.joint_channels else "start_from"
            raise SettingsError(
                f"{name} cannot be used with {option('method', 'cellmincer')}: leave it out."
            )
        if self.augment and not self.symmetric:
            raise SettingsError(
                f"{setting('features', 'all')} tells the net directions, which turned patches "
                f"would belie: add {setting('augment', 'false')}."
            )
        if self.padded:
            self.require_whole_blocks(self.patch_px, self.unet_n_depth)
            return
        least = self.net(13).smallest_px
        wrong = [edge for edge in self.patch_px if edge < least or not self.net(13).takes(edge)]
        if wrong:
            raise SettingsError(
                f"patch edge {wrong[0]} px: without padding this net takes {least} px and further "
                f"steps of {2**self.unet_n_depth}, such as {least + 60}."
            )

    @property
    def batch(self) -> int:
        """Patches a step."""
        return self.batch_size or 2

    @property
    def patch_multiple(self) -> int | None:
        """Edges are multiples of the block, or what goes through a net without padding."""
        return None if self.padded else 1

    @property
    def preparing(self) -> Preparing:
        """What is done to a movie before it is shown to the net."""
        return Preparing(**self.record())

    def net(self, context: int) -> CellMincerNet:
        """The network for a context of so many frames."""
        return CellMincerNet(
            n_dim=2,
            n_inputs=context + self.n_features,
            depth=self.unet_n_depth,
            first_filters=self.unet_n_first,
            kernel=self.unet_kern_size,
            batch_norm=self.batch_norm,
            n_features=self.n_features,
            n_convs=self.unet_n_convs,
            time_layers=(context - 1) // (TIME_KERNEL - 1),
            padded=self.padded,
            corners=self.legacy_upsampling,
            from_smooth=self.from_smooth,
        )


_RANGES = (
    ("masked_percent", 0.1, 90),
    ("targets", 1, 64),
    ("context", 5, 81),
    ("unet_n_depth", 1, 4),
    ("unet_n_first", 1, 256),
    ("unet_n_convs", 1, 5),
    ("unet_kern_size", 3, 7),
)

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"unet_n_first": 6, "epochs": 40},
    "best": {"unet_n_first": 24, "epochs": 800},
    # The network, the features and the training of the paper, but for flanks of the movie, of
    # which alone it takes the trend; here it is that of all frames.
    "cellmincer": {
        "patch_px": (122, 122),
        "trend": "constant",
        "features": "all",
        "augment": False,
        "masked_percent": 20.0,
        "targets": 1,
        "context": 13,
        "occlude": True,
        "unet_n_first": 64,
        "unet_n_convs": 3,
        "batch_norm": True,
        "padded": False,
        "from_smooth": False,
        "legacy_upsampling": True,
        "legacy_ends": True,
        "batch_size": 10,
        "learning_rate": 1e-4,
        "weight_decay": 0.1,
        "warm_up": 0.1,
        "floor": 0.0,
        "epochs": 80,
        "steps_per_epoch": 1000,
        "validation": 0.0,
    },
}


@dataclass(frozen=True)
class CellMincer(Method):
    """Predict hidden pixels of a frame from the frames around it [1]_.

    A U-Net looks at each frame by itself and is told features of the whole movie, such as how a
    pixel goes with its neighbours; convolutions in time join what it finds. A part of the pixels
    of the frames in the middle is replaced by noise like each pixel's own, and those pixels are the
    targets. The noise must be independent from pixel to pixel and from frame to frame.

    References
    ----------
    .. [1] B. Wang et al. Robust self-supervised denoising of voltage imaging data using
       CellMincer. npj Imaging 2, 2024.
    """

    settings: CellMincerSettings = CellMincerSettings()
    means: tuple[float, ...] = (0.0,)  # counts, by which patches will be normalised
    stds: tuple[float, ...] = (1.0,)  # likewise
    movies: tuple[MovieFacts, ...] = ()  # what the looks at each movie found
    name: ClassVar[str] = "cellmincer"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PRESETS
    movie_axes: ClassVar[str | None] = "TYX"
    loss_title: ClassVar[str] = "squared error at the pixels left out"

    @property
    def looks_through(self) -> int:  # type: ignore[override]
        """How often it wants to see whole movies."""
        return len(self.settings.preparing.looks)

    @property
    def context(self) -> int:
        """Frames that one frame is restored from."""
        return self.settings.context or MOST

    def window_px(self, n_frames: int) -> tuple[int, int, int]:
        """So many frames that a window gives several samples, or what the movies have."""
        needed = max(LEAST_FRAMES, self.settings.context or 0)
        if n_frames < needed:
            raise StackError(
                f"{option('method', self.name)} needs movies of {needed} frames or more here, but "
                f"there are {n_frames}. Use {option('method', FALLBACK)}"
                f"{' or a smaller ' + setting('context') if needed > LEAST_FRAMES else ''}."
            )
        wanted = self.context + self.settings.targets - 1 + SPARE_FRAMES
        height, width = self.settings.patch_px
        return min(wanted, n_frames), height, width

    def looked_through(self, movies: Iterable[Iterable[np.ndarray | None]]) -> CellMincer:
        """Look once more at all planes of each movie."""
        before = self.movies or (MovieFacts(self.settings.preparing),) * 10**6
        after = tuple(facts.look(planes) for planes, facts in zip(movies, before, strict=False))
        return replace(self, movies=after)

    def fitted(
        self, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[CellMincer, list[str]]:
        """Choose the context, unless it is given, and fit it to the windows (N, T, Y, X, 1)."""
        n_frames, notes = patches.shape[1], []
        context, targets = self.settings.context, self.settings.targets
        if context is None:
            context, fading = measure_context(patches[:: max(1, len(patches) // 64)])
            step = TIME_KERNEL - 1
            context = max(min(context, (n_frames - 1) // step * step + 1), LEAST)
            told = (
                "changes cannot be told from noise"
                if math.isnan(fading)
                else f"fast changes fade in {fading:.0f} frames"
            )
            notes.append(f"{told}: each frame is restored from {context} frames around it")
        targets = min(targets, n_frames - context + 1)
        settings = replace(self.settings, context=context, targets=targets)
        return replace(self, settings=settings, means=tuple(means), stds=tuple(stds)), notes

    def pick(
        self, windows: np.ndarray, rng: np.random.Generator, summaries: np.ndarray | None = None
    ) -> np.ndarray:
        """Take a run of frames from each window, with the features of its place.

        `summaries` say where windows lie: movie, frame, row and column of each. Returned are
        float32 (N, Y, X, frames + features + 2) so that, normalised, frames and features are in
        units of the movie's deviation and without its trend.
        """
        n_run = min(self.context + self.settings.targets - 1, windows.shape[1])
        n_maps = self.settings.n_features + AUX
        picked = np.zeros((len(windows), *windows.shape[2:4], n_run + n_maps), np.float32)
        for number, (window, out) in enumerate(zip(windows[..., 0], picked, strict=True)):
            first = int(rng.integers(len(window) - n_run + 1))
            run = window[first : first + n_run]
            if summaries is None or not self.movies:
                out[..., :n_run] = np.moveaxis((run - self.means[0]) / self.stds[0], 0, -1)
                continue
            movie, begin, row, column = summaries[number]
            self._show(out, run, self.movies[movie], (begin + first, row, column))
        picked *= np.float32(self.stds[0])
        picked += np.float32(self.means[0])
        return picked

    def _show(
        self, out: np.ndarray, run: np.ndarray, facts: MovieFacts, at: tuple[int, int, int]
    ) -> None:
        """Fill one sample (Y, X, frames + features + 2)."""
        if facts.features is None:
            raise ValueError("a window lies in an empty movie")
        begin, row, column = at
        place = slice(row, row + run.shape[1]), slice(column, column + run.shape[2])
        numbers = range(begin, begin + len(run))
        shown = facts.prepared(run, numbers, lambda image: image[place])
        out[..., : len(run)] = np.moveaxis(shown, 0, -1)
        out[..., len(run) : -AUX] = facts.features.maps[place]
        out[..., -AUX:] = facts.features.noise[place]

    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """Hide pixels of the frames in the middle: (shown, targets and where they are)."""
        tf = keras_backend.load()
        s, lost = self.settings, self._lost_px
        n_run = patches.shape[-1] - s.n_features - AUX
        side = self.context // 2
        frames, maps, noise = tf.split(patches, [n_run, s.n_features, AUX], axis=-1)
        height, width = patches.shape[1:3]
        seeds = tf.random.experimental.stateless_split(seed, 3)
        drawn = tf.random.stateless_normal(tf.shape(frames), seeds[0])
        drawn = noise[..., :1] + (noise[..., 1:] + EPSILON) * drawn
        if s.occlude:
            beyond = _beyond(tf, seeds[2], tf.shape(patches)[0], (height, width), lost)
            frames = tf.where(beyond, drawn, frames)
        targets = frames[..., side : n_run - side]
        hidden = tf.random.stateless_uniform(tf.shape(targets), seeds[1]) < s.masked_percent / 100
        inside = np.zeros((height, width, 1), bool)
        inside[lost : height - lost, lost : width - lost] = True
        hidden = hidden & inside
        middle = tf.where(hidden, drawn[..., side : n_run - side], targets)
        shown = tf.concat([frames[..., :side], middle, frames[..., n_run - side :], maps], axis=-1)
        told = tf.concat([targets, tf.cast(hidden, tf.float32)], axis=-1)
        return shown, told[:, lost : height - lost, lost : width - lost]

    @property
    def _lost_px(self) -> int:
        return self.settings.net(13).lost

    def net_settings(self, n_channels: int) -> CellMincerNet:
        """The network: frames and features in, one frame out."""
        require_one_channel(self.name, n_channels)
        return self.settings.net(self.context)

    def build(self, n_channels: int, seed: int) -> Any:
        """Make the untrained network that learns several frames at once."""
        return self.net_settings(n_channels).build(seed, self.settings.targets)

    def loss(self) -> Callable[[Any, Any], Any]:
        """Mean squared error at hidden pixels, in units of the movie's variance."""
        return masked_loss("mse")

    def n2v_names(self) -> dict[str, Any]:
        """The patch; the rest means nothing to n2v, which cannot use this model."""
        return {"n2v_patch_shape": list(self.settings.patch_px)}

    def own_record(self) -> dict[str, Any]:
        """The net beyond what n2v's keys say, and how movies are prepared."""
        return {
            "net": net_record(self.net_settings(1)),
            "preparing": self.settings.record(),
            "copied_ends": self.settings.legacy_ends,
        }


def _beyond(tf: Any, seed: Any, n: Any, sizes: tuple[int, int], lost: int) -> Any:
    """Where patches are taken to reach beyond the field: bool (N, Y, X, 1), up to `lost` pixels.

    As often as one drawn anywhere on a field of four times its edge does.
    """
    masks = []
    for axis, size in enumerate(sizes):
        own = tf.random.experimental.stateless_fold_in(seed, axis)
        place = tf.random.stateless_uniform([n, 1], own) * (4 * size)
        at = tf.range(size, dtype=tf.float32)[tf.newaxis]
        mask = (at < lost - place) | (at >= size - lost + (4 * size - place))
        masks.append(tf.expand_dims(mask, 2 - axis))
    return (masks[0] | masks[1])[..., tf.newaxis]
