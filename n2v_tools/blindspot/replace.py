"""Replacement of hidden values.

One function per replacement, all with the same signature and written for any number
of axes. The names are n2v's ``n2v_manipulator`` values, so that its configurations
read here. Nothing but `normal_additive`, `uniform_withCP` (whose window includes the
centre by definition) and `identity` ever looks at the value that is hidden.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from .. import keras_backend
from ..errors import SettingsError
from ..prepare.struct_mask import StructMask

JITTER_PX = 4.0  # standard deviation of the offset of `normal_withoutCP`, as in n2v


def replacement_values(
    name: str,
    images: Any,
    positions: Any,
    radius_px: float,
    seed: Any,
    mask: StructMask | None = None,
) -> Any:
    """Values to put at the blind spots.

    Parameters
    ----------
    name : str
        One of `REPLACEMENTS`.
    images : float32 tensor, shape (M, [Z,] Y, X)
        Noisy patches, one channel each, normalised.
    positions : int32 tensor, shape (M, P, D)
        Blind spots, in pixels from the corner; those outside the image are ignored.
    radius_px : float
        A replacement comes from at most this far away along each axis; for
        `normal_additive` it is the standard deviation of what is added.
    seed : int tensor of shape (2,)
        Source of chance.
    mask : StructMask, optional
        What replaces a spot by other pixels than itself leaves out what is hidden with it.

    Returns
    -------
    values : float32 tensor, shape (M, P)

    Raises
    ------
    SettingsError
        If everything within the radius is hidden.
    """
    if mask is not None and name in USE_NEIGHBOURS:
        require_visible(mask, radius_px, tuple(images.shape[1:]))
        if name == "uniform_withoutCP":
            return _uniform_visible(images, positions, radius_px, seed, mask)
        return REPLACEMENTS[name](images, positions, radius_px, seed, mask)
    return REPLACEMENTS[name](images, positions, radius_px, seed)


def _uniform_with_centre(images: Any, positions: Any, radius_px: float, seed: Any) -> Any:
    """Any pixel of the window cut at the patch border, the centre included."""
    tf = keras_backend.load()
    low, high = _window(images, positions, radius_px)
    chance = tf.random.stateless_uniform(tf.shape(positions), seed)
    return _values_at(images, low + _scaled(chance, high - low + 1))


def _uniform_without_centre(images: Any, positions: Any, radius_px: float, seed: Any) -> Any:
    """Any pixel of the window cut at the patch border but the centre.

    Drawn by numbering the pixels of the window without the centre: no rejection, so
    nothing can slip through.
    """
    tf = keras_backend.load()
    low, high = _window(images, positions, radius_px)
    sizes = high - low + 1  # (M, P, D)
    centre = _number_in(positions - low, sizes)
    chance = tf.random.stateless_uniform(tf.shape(centre), seed)
    number = _scaled(chance, tf.reduce_prod(sizes, axis=-1) - 1)
    number += tf.cast(number >= centre, tf.int32)
    return _values_at(images, low + _place_in(number, sizes))


def _uniform_visible(
    images: Any, positions: Any, radius_px: float, seed: Any, mask: StructMask
) -> Any:
    """Any pixel of the window that is not hidden with the spot."""
    tf = keras_backend.load()
    values, visible = _neighbours(images, positions, radius_px, mask)
    chance = tf.random.stateless_uniform(tf.shape(values), seed)
    chosen = tf.argmax(tf.where(visible, chance, -1.0), axis=-1)
    return tf.gather(values, chosen, batch_dims=2)


def _normal_without_centre(images: Any, positions: Any, radius_px: float, seed: Any) -> Any:
    """The pixel at a normally distributed offset, cut at the patch border, never the centre."""
    tf = keras_backend.load()
    size = tf.constant(tuple(images.shape[1:]), tf.int32)
    offsets = JITTER_PX * tf.random.stateless_normal(tf.shape(positions), seed)
    there = tf.clip_by_value(positions + tf.cast(tf.round(offsets), tf.int32), 0, size - 1)
    # An offset of nothing becomes one step along the last axis, towards the middle of the patch.
    step = tf.where(positions[..., -1:] < size[-1] // 2, 1, -1)
    aside = tf.concat([there[..., :-1], there[..., -1:] + step], axis=-1)
    still = tf.reduce_all(there == positions, axis=-1, keepdims=True)
    return _values_at(images, tf.where(still, aside, there))


def _normal_fitted(
    images: Any, positions: Any, radius_px: float, seed: Any, mask: StructMask | None = None
) -> Any:
    """A draw from the normal distribution with the window's mean and deviation."""
    tf = keras_backend.load()
    values, inside = _neighbours(images, positions, radius_px, mask)
    weight = tf.cast(inside, tf.float32)
    n = tf.reduce_sum(weight, axis=-1)
    mean = tf.reduce_sum(values * weight, axis=-1) / n
    variance = tf.reduce_sum(weight * (values - mean[..., None]) ** 2, axis=-1) / n
    return mean + tf.sqrt(variance) * tf.random.stateless_normal(tf.shape(mean), seed)


def _normal_additive(images: Any, positions: Any, radius_px: float, seed: Any) -> Any:
    """The value itself plus normal noise of deviation `radius_px`, in normalised units."""
    tf = keras_backend.load()
    values = _values_at(images, positions)
    return values + radius_px * tf.random.stateless_normal(tf.shape(values), seed)


def _identity(images: Any, positions: Any, radius_px: float, seed: Any) -> Any:
    """The value itself: nothing is hidden (for experiments)."""
    return _values_at(images, positions)


def _mean(
    images: Any, positions: Any, radius_px: float, seed: Any, mask: StructMask | None = None
) -> Any:
    """Mean of the window without its centre."""
    tf = keras_backend.load()
    values, inside = _neighbours(images, positions, radius_px, mask)
    weight = tf.cast(inside, tf.float32)
    return tf.reduce_sum(values * weight, axis=-1) / tf.reduce_sum(weight, axis=-1)


def _median(
    images: Any, positions: Any, radius_px: float, seed: Any, mask: StructMask | None = None
) -> Any:
    """Median of the window without its centre (N2V2)."""
    tf = keras_backend.load()
    values, inside = _neighbours(images, positions, radius_px, mask)
    # What lies outside the patch sorts last and is not counted.
    ranked = _sorted(tf.where(inside, values, math.inf))
    n = tf.reduce_sum(tf.cast(inside, tf.int32), axis=-1, keepdims=True)
    middle = tf.concat([(n - 1) // 2, n // 2], axis=-1)  # (M, P, 2): equal where n is odd
    return tf.reduce_mean(tf.gather(ranked, middle, batch_dims=2), axis=-1)


def _sorted(values: Any) -> Any:
    """Ascending along the last axis.

    NumPy sorts many short rows 40 times faster than TensorFlow, whose sort was most of what
    hiding the pixels of a volume costs.
    """
    tf = keras_backend.load()
    ranked = tf.numpy_function(_sort_rows, [values], tf.float32, stateful=False)
    ranked.set_shape(values.shape)
    return ranked


def _sort_rows(values: np.ndarray) -> np.ndarray:
    return np.sort(values, axis=-1)


REPLACEMENTS: dict[str, Callable[..., Any]] = {
    "uniform_withCP": _uniform_with_centre,
    "uniform_withoutCP": _uniform_without_centre,
    "normal_withoutCP": _normal_without_centre,
    "normal_additive": _normal_additive,
    "normal_fitted": _normal_fitted,
    "identity": _identity,
    "mean": _mean,
    "median": _median,
}
USE_NEIGHBOURS = ("uniform_withoutCP", "normal_fitted", "mean", "median")


def least_radius(mask: StructMask, radius_px: float, shape: tuple[int, ...]) -> float:
    """`radius_px`, or the next whole number with which each spot sees a pixel, if there is one."""
    for radius in range(int(radius_px), max(mask.reach_px) + 2):
        with suppress(SettingsError):
            require_visible(mask, radius, shape)
            return max(radius_px, radius)
    return radius_px


def require_visible(mask: StructMask, radius_px: float, shape: tuple[int, ...]) -> None:
    """Raise SettingsError unless each spot of a patch sees a pixel within the radius.

    A window that is cut in a corner of the patch still holds one of the quarters around
    its spot (eighths of a volume), so each of these must have a pixel that is not hidden.
    """
    n_axes, radius = len(shape), int(radius_px)
    limits = np.minimum(radius, np.array(shape) // 2)
    offsets = np.array(_visible_offsets(radius, n_axes, mask)).reshape(-1, n_axes)
    for signs in itertools.product((-1, 1), repeat=n_axes):
        along = offsets * np.array(signs)
        if not np.any(np.all((along >= 0) & (along <= limits), axis=1)):
            raise SettingsError(
                f"radius_px is {radius}: the struct mask hides all that is so near to a blind "
                "spot, so nothing can replace it. "
                f"Take {max(mask.reach_px) + 1}, or uniform_withCP."
            )


def _visible_offsets(radius: int, n_axes: int, mask: StructMask | None) -> list[tuple[int, ...]]:
    """Offsets of the window's pixels that are neither the spot nor hidden with it."""
    unseen = {(0,) * n_axes} | {tuple(o) for o in ([] if mask is None else mask.offsets.tolist())}
    window = itertools.product(range(-radius, radius + 1), repeat=n_axes)
    return [offset for offset in window if offset not in unseen]


def _window(images: Any, positions: Any, radius_px: float) -> tuple[Any, Any]:
    """First and last pixel of the window around each spot, cut at the patch border."""
    tf = keras_backend.load()
    last = tf.constant(tuple(images.shape[1:]), tf.int32) - 1
    inside = tf.minimum(positions, last)  # spots outside are ignored later, but must not index
    radius = int(radius_px)
    return tf.maximum(inside - radius, 0), tf.minimum(inside + radius, last)


def _neighbours(
    images: Any, positions: Any, radius_px: float, mask: StructMask | None
) -> tuple[Any, Any]:
    """Values of the visible pixels around each spot, and which of them lie in the patch.

    Returns
    -------
    values, inside : float32 and bool tensors, shape (M, P, K)
    """
    tf = keras_backend.load()
    n_axes, radius = len(images.shape) - 1, int(radius_px)
    offsets = tf.constant(_visible_offsets(radius, n_axes, mask))  # (K, D)
    size = tf.constant(tuple(images.shape[1:]), tf.int32)
    # A spot outside is ignored later; far outside it would have no neighbour at all.
    positions = tf.minimum(positions, size - 1)
    inside, flat = None, None
    for axis in range(n_axes):  # axis by axis: a third of the memory of (M, P, K, D)
        places = positions[..., axis, None] + offsets[:, axis]
        within = (places >= 0) & (places < size[axis])
        inside = within if inside is None else inside & within
        places = tf.clip_by_value(places, 0, size[axis] - 1)
        flat = places if flat is None else flat * size[axis] + places
    return _take(images, flat), inside


def _values_at(images: Any, positions: Any) -> Any:
    """Value at each position; positions outside are moved onto the border."""
    tf = keras_backend.load()
    size = tf.constant(tuple(images.shape[1:]), tf.int32)
    inside = tf.clip_by_value(positions, 0, size - 1)
    return _take(images, _number_in(inside, size))


def _take(images: Any, flat: Any) -> Any:
    """Gather by number of pixel, image by image: (M, *S), (M, ...) -> (M, ...)."""
    tf = keras_backend.load()
    n_pixels = math.prod(images.shape[1:])
    rows = tf.reshape(images, (-1,))
    start = n_pixels * tf.range(tf.shape(images)[0])
    start = tf.reshape(start, (-1,) + (1,) * (len(flat.shape) - 1))
    return tf.gather(rows, flat + start)


def _number_in(places: Any, sizes: Any) -> Any:
    """Number of a pixel, counted in C order, in a box of `sizes`: (..., D) -> (...)."""
    number = places[..., 0]
    for axis in range(1, places.shape[-1]):
        number = number * sizes[..., axis] + places[..., axis]
    return number


def _place_in(number: Any, sizes: Any) -> Any:
    """Place of the pixel with this number in a box of `sizes`: (...) -> (..., D)."""
    tf = keras_backend.load()
    places = []
    for axis in reversed(range(sizes.shape[-1])):
        places.append(number % sizes[..., axis])
        number = number // sizes[..., axis]
    return tf.stack(places[::-1], axis=-1)


def _scaled(chance: Any, n: Any) -> Any:
    """Whole numbers 0 ... n - 1 from uniform chance in [0, 1)."""
    tf = keras_backend.load()
    return tf.minimum(tf.cast(chance * tf.cast(n, tf.float32), tf.int32), n - 1)
