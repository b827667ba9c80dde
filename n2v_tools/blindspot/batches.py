"""Patches in; what the network sees, what it must predict and where, out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import keras_backend
from .positions import stratified_positions
from .replace import replacement_values
from .struct_mask import hidden_offsets


def hide_pixels(
    patches: Any,
    masked_percent: float,
    replacement: str,
    radius_px: float,
    seed: Any,
    struct_mask: np.ndarray | None = None,
) -> tuple[Any, Any]:
    """Hide some pixels of every patch; each channel hides its own.

    Parameters
    ----------
    patches : float32 tensor, shape (N, [Z,] Y, X, C)
        Noisy and normalised; sizes but N are static.
    masked_percent : float
        Share of the pixels to hide.
    replacement : str
        One of `replace.REPLACEMENTS`.
    radius_px : float
        Reach of the replacement.
    seed : int tensor of shape (2,)
        Equal seeds hide equal pixels by equal values.
    struct_mask : ndarray of int, shape ([Z,] Y, X), optional
        Of structN2V [1]_: what is 1 around its centre is hidden with each blind spot and
        replaced by any pixels of the patch, but is not to be predicted.

    Returns
    -------
    shown : float32 tensor, shape of `patches`
        What the network sees.
    target : float32 tensor, shape (N, [Z,] Y, X, 2 C)
        The noisy patch, then the mask (1 = hidden): what `nets.losses` takes.

    References
    ----------
    .. [1] C. Broaddus, A. Krull, M. Weigert, U. Schmidt, G. Myers. Removing structured
       noise with self-supervised blind-spot networks. ISBI 2020.
    """
    tf = keras_backend.load()
    shape, n_channels = tuple(patches.shape[1:-1]), patches.shape[-1]
    images = _channels_apart(patches)
    where_seed, what_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    positions, used = stratified_positions(tf.shape(images)[0], shape, masked_percent, where_seed)
    hidden = None if struct_mask is None else hidden_offsets(struct_mask)
    values = replacement_values(replacement, images, positions, radius_px, what_seed, hidden)
    mask, stand_in = _scatter(used, values, positions, shape, tf.shape(images)[0])
    if hidden is not None:
        around = _around(used, positions, hidden, shape, tf.shape(images)[0])
        others = _any_pixels(images, tf.random.experimental.stateless_split(what_seed, 2)[1])
        patches_seen = _channels_together(tf.where(around, others, images), n_channels)
    else:
        patches_seen = patches
    mask = _channels_together(mask, n_channels)
    # Chosen, not added: the sum of a value and a difference would still depend on the value.
    shown = tf.where(mask > 0, _channels_together(stand_in, n_channels), patches_seen)
    return shown, tf.concat([patches, mask], axis=-1)


def _scatter(
    used: Any, values: Any, positions: Any, shape: tuple[int, ...], n_images: Any
) -> tuple[Any, Any]:
    """Images (M, *S) of the mask and of the values that stand in."""
    tf = keras_backend.load()
    n_pixels = math.prod(shape)
    flat = positions[..., 0]
    for axis in range(1, len(shape)):
        flat = flat * shape[axis] + positions[..., axis]
    flat += n_pixels * tf.range(n_images)[:, None]
    flat = tf.boolean_mask(flat, used)[:, None]
    size = (n_images * n_pixels,)
    mask = tf.scatter_nd(flat, tf.ones(tf.shape(flat)[:1]), size)
    stand_in = tf.scatter_nd(flat, tf.boolean_mask(values, used), size)
    return tf.reshape(mask, (-1, *shape)), tf.reshape(stand_in, (-1, *shape))


def _around(
    used: Any, positions: Any, hidden: np.ndarray, shape: tuple[int, ...], n_images: Any
) -> Any:
    """Which pixels (M, *S) are hidden with a spot, spots themselves aside."""
    tf = keras_backend.load()
    places = positions[:, :, None] + tf.constant(hidden, tf.int32)  # (M, P, K, D)
    inside = tf.reduce_all((places >= 0) & (places < tf.constant(shape)), axis=-1)
    n_spots = math.prod(places.shape[1:3])
    places = tf.reshape(places, (-1, n_spots, len(shape)))
    inside = tf.reshape(inside & used[..., None], (-1, n_spots))
    count, _ = _scatter(inside, tf.zeros(tf.shape(inside)), places, shape, n_images)
    return count > 0


def _any_pixels(images: Any, seed: Any) -> Any:
    """Images (M, *S) of which every pixel is one of the same image, drawn at random."""
    tf = keras_backend.load()
    shape, n_pixels = tuple(images.shape[1:]), math.prod(images.shape[1:])
    flat = tf.reshape(images, (-1, n_pixels))
    numbers = tf.random.stateless_uniform(tf.shape(flat), seed, 0, n_pixels, tf.int32)
    return tf.reshape(tf.gather(flat, numbers, batch_dims=1), (-1, *shape))


def _channels_apart(patches: Any) -> Any:
    """(N, *S, C) -> (N * C, *S)."""
    tf = keras_backend.load()
    last = len(patches.shape) - 1
    moved = tf.transpose(patches, (0, last, *range(1, last)))
    return tf.reshape(moved, (-1, *patches.shape[1:-1]))


def _channels_together(images: Any, n_channels: int) -> Any:
    """(N * C, *S) -> (N, *S, C)."""
    tf = keras_backend.load()
    shape = tuple(images.shape[1:])
    apart = tf.reshape(images, (-1, n_channels, *shape))
    return tf.transpose(apart, (0, *range(2, len(shape) + 2), 1))
