"""Training from a notebook's arrays and configuration: samples, losses, callbacks.

Tests: ``tests/compat/test_n2v.py``.
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import keras_backend
from ..blindspot.batches import hide_pixels
from ..blindspot.replace import require_visible
from ..errors import SettingsError
from ..learn.samples import MOST_VALIDATION_PATCHES, Batches, MakeSample
from ..nets.losses import masked_loss
from ..prepare.symmetry import Symmetry, symmetries
from .config import N2VConfig, struct_mask
from .refusals import WrongValue

NOW, LAST = "weights_now.h5", "weights_last.h5"  # names that n2v has fixed
METRICS = {"mse": "n2v_mse", "mae": "n2v_abs"}  # as they stand in n2v's history
FEW_VALIDATION_PERCENT = 5.0
VALIDATION_SPOTS = 8192  # hidden pixels whose mean is a steady score


class Crops(Batches):
    """Batches of which every patch is cut at random from a larger image.

    Images, (N, [Z,] Y, X, C) in counts, of any type, are neither copied nor normalised as a whole.
    `patch_px` are the edges of a patch; all else is as for `Batches`.
    """

    def __init__(
        self,
        images: np.ndarray,
        patch_px: Sequence[int],
        batch_size: int,
        means: Sequence[float],
        stds: Sequence[float],
        seed: int,
    ) -> None:
        super().__init__(images, batch_size, means, stds, (Symmetry(),), seed)
        self.patch_px = tuple(patch_px)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Of one patch: ([Z,] Y, X, C)."""
        return (*self.patch_px, self.patches.shape[-1])

    def batch(self, step: int) -> np.ndarray:
        """Normalised patches of `step`, float32 (batch, [Z,] Y, X, C)."""
        rng = np.random.default_rng([self.seed, 1, step])
        room = np.array(self.patches.shape[1:-1]) - self.patch_px
        corners = rng.integers(room + 1, size=(self.batch_size, len(room)))
        chosen = np.empty((self.batch_size, *self.sample_shape), np.float32)
        for patch, number, corner in zip(chosen, self.numbers(step), corners, strict=True):
            window = (slice(at, at + e) for at, e in zip(corner, self.patch_px, strict=True))
            patch[:] = self.patches[(number, *window)]
        return (chosen - self._mean) / self._std


def training_batches(config: N2VConfig, images: np.ndarray, seed: int) -> Crops:
    """Patches of the configuration's size, cut from the training images.

    WrongValue if images or settings do not fit, before anything is computed.
    """
    _require_images(config, images, "X")
    patch = tuple(int(edge) for edge in config.n2v_patch_shape)
    block, sizes = 2**config.unet_n_depth, images.shape[1:-1]
    if any(edge > n for edge, n in zip(patch, sizes, strict=True)):
        largest = tuple(min(e, n // block * block) for e, n in zip(patch, sizes, strict=True))
        raise WrongValue(
            f"n2v_patch_shape is {patch}, but the training images are "
            f"{' x '.join(map(str, sizes))} px. Set n2v_patch_shape={largest} or less."
        )
    if any(edge % block for edge in patch):
        nearest = tuple(max(edge // block, 1) * block for edge in patch)
        raise WrongValue(
            f"n2v_patch_shape is {patch}; with unet_n_depth={config.unet_n_depth} every edge must "
            f"be evenly divisible by {block}. Set n2v_patch_shape={nearest}."
        )
    _require_hiding(config, patch)
    batch = int(config.train_batch_size)
    return Crops(images, patch, batch, *_intensity(config), seed)


def validation_batches(config: N2VConfig, images: np.ndarray, seed: int) -> tuple[Crops, int]:
    """Validation images, cut to whole blocks, and how many of them are to be scored.

    Enough for a steady score; n2v scores all, which can cost as much as the training.
    """
    _require_images(config, images, "validation_X")
    block = 2**config.unet_n_depth
    patch = tuple(n // block * block for n in images.shape[1:-1])
    if not all(patch):
        raise WrongValue(
            f"validation_X holds images of {' x '.join(map(str, images.shape[1:-1]))} px; with "
            f"unet_n_depth={config.unet_n_depth} every edge must be at least {block}."
        )
    _require_hiding(config, patch)
    patch_px = math.prod(config.n2v_patch_shape)
    batch = max(1, int(config.train_batch_size) * patch_px // math.prod(patch))
    spots = config.n2v_perc_pix / 100 * math.prod(patch) * images.shape[-1]
    most = max(MOST_VALIDATION_PATCHES, math.ceil(VALIDATION_SPOTS / spots))
    return Crops(images, patch, min(batch, len(images)), *_intensity(config), seed), most


def sample_maker(config: N2VConfig) -> MakeSample:
    """What a training sample is: targets are n2v's, values off the spots zero."""
    tf = keras_backend.load()
    mask = struct_mask(config)
    percent, radius = float(config.n2v_perc_pix), config.n2v_neighborhood_radius

    def make_sample(patches: Any, seed: Any) -> tuple[Any, Any]:
        shown, target = hide_pixels(patches, percent, config.n2v_manipulator, radius, seed, mask)
        values, spots = tf.split(target, 2, axis=-1)
        return shown, tf.concat([values * spots, spots], axis=-1)

    return make_sample


def named_loss(kind: str) -> Callable[[Any, Any], Any]:
    """n2v's loss ``mse`` or ``mae`` under the name it has in n2v's history."""
    if kind not in METRICS:
        raise WrongValue(f"loss or metric {kind!r}: take mse or mae.")
    loss = masked_loss(kind)
    loss.__name__ = METRICS[kind]
    return loss


def folder_callbacks(config: N2VConfig, folder: Path | None) -> list[Any]:
    """n2v's callbacks: weights of the best and of every epoch, TensorBoard, learning rate."""
    callbacks = keras_backend.load().keras.callbacks
    made = []
    if folder is not None and config.train_checkpoint is not None:
        for name, only_best in ((config.train_checkpoint, True), (NOW, False)):
            made.append(
                callbacks.ModelCheckpoint(
                    str(folder / name), save_best_only=only_best, save_weights_only=True
                )
            )
    if folder is not None and config.train_tensorboard:
        made.extend(_tensorboard(folder))
    if config.train_reduce_lr is not None:
        made.append(callbacks.ReduceLROnPlateau(**{"verbose": True, **config.train_reduce_lr}))
    return made


def warn_about(config: N2VConfig, images: np.ndarray, validation: np.ndarray) -> None:
    """Say what is allowed and yet rarely meant."""
    percent = 100 * len(validation) / (len(images) + len(validation))
    if percent < FEW_VALIDATION_PERCENT:
        warnings.warn(
            f"small number of validation images (only {percent:.1f}% of all images)", stacklevel=3
        )
    mask = struct_mask(config)
    if mask is not None and not any(turn.transpose for turn in symmetries(mask)):
        warnings.warn(
            "structN2Vmask has a direction: train on patches that were made with augment=False, "
            "since quarter turns carry the noise out of it.",
            stacklevel=3,
        )


def _tensorboard(folder: Path) -> list[Any]:
    """The callback, or a warning where the package tensorboard is missing."""
    tf = keras_backend.load()
    # Newer TensorFlow installs without it, and then cannot log.
    if importlib.util.find_spec("tensorboard") is None:
        warnings.warn(
            f"{folder / 'logs'} is not written: tensorboard is not installed. Install it with pip, "
            "or set train_tensorboard=False.",
            stacklevel=4,
        )
        return []
    return [
        tf.keras.callbacks.TensorBoard(str(folder / "logs"), write_graph=False, profile_batch=0)
    ]


def _intensity(config: N2VConfig) -> tuple[list[float], list[float]]:
    return [float(mean) for mean in config.means], [float(std) for std in config.stds]


def _require_images(config: N2VConfig, images: Any, name: str) -> None:
    axes = "S" + config.axes
    shape = getattr(images, "shape", ())
    if len(shape) != len(axes) or shape[-1] != config.n_channel_in or not len(images):
        raise WrongValue(
            f"{name} is of shape {tuple(shape)}; the model takes {axes} with "
            f"{config.n_channel_in} channel(s) last."
        )


def _require_hiding(config: N2VConfig, patch: tuple[int, ...]) -> None:
    """Raise unless pixels of such patches can be hidden as asked, by n2v's names."""
    percent, least = config.n2v_perc_pix, 100 / math.prod(patch)
    if not least <= percent <= 50:
        raise WrongValue(
            f"n2v_perc_pix is {percent:g}; patches of {' x '.join(map(str, patch))} px take "
            f"{least:.2g} to 50."
        )
    radius, name = config.n2v_neighborhood_radius, config.n2v_manipulator
    if radius < 1 and name in ("uniform_withoutCP", "normal_fitted", "mean", "median"):
        raise WrongValue(f"n2v_neighborhood_radius is {radius}; {name} needs 1 or more.")
    mask = struct_mask(config)
    if mask is not None and name in ("uniform_withoutCP", "normal_fitted", "mean", "median"):
        try:
            require_visible(mask, radius, patch)
        except SettingsError as error:
            raise WrongValue(f"n2v_neighborhood_radius and structN2Vmask: {error}") from None
