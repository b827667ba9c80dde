"""Losses of blind-spot nets: the error at the hidden pixels, or at all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import keras_backend
from ..errors import SettingsError
from ..settings import nearest

LOSSES = ("mse", "mae")


def masked_loss(kind: str) -> Callable[[Any, Any], Any]:
    r"""Make the loss of Noise2Void, for ``model.compile``.

    With target :math:`t`, mask :math:`m` and prediction :math:`p`, summed over the
    whole batch: :math:`\sum m |t - p|^k / \sum m`, k = 2 for ``"mse"``, 1 for ``"mae"``.
    Computed in float32 whatever the net's precision; 0 where nothing is hidden.

    Parameters
    ----------
    kind : {"mse", "mae"}
        Squared or absolute error.

    Returns
    -------
    loss : callable
        ``loss(y_true, y_pred)`` with `y_true` of shape ``(N, [Z,] Y, X, 2C)``, the
        targets and then the masks (1 = hidden) of all channels, and `y_pred` of shape
        ``(N, [Z,] Y, X, C)``; a float32 scalar.

    Raises
    ------
    SettingsError
        If `kind` is unknown.
    """
    if kind not in LOSSES:
        raise SettingsError(f"loss {kind!r} is not one of mse, mae.{nearest(kind, LOSSES)}")
    tf = keras_backend.load()
    power = {"mse": tf.square, "mae": tf.abs}[kind]

    def loss(y_true: Any, y_pred: Any) -> Any:
        target, mask = tf.split(tf.cast(y_true, tf.float32), 2, axis=-1)
        error = mask * power(target - tf.cast(y_pred, tf.float32))
        return tf.math.divide_no_nan(tf.reduce_sum(error), tf.reduce_sum(mask))

    loss.__name__ = f"masked_{kind}"
    return loss


def mean_loss(kind: str) -> Callable[[Any, Any], Any]:
    """Keras' error of all pixels: mean squared for ``"mse"``, mean absolute for ``"mae"``."""
    losses = keras_backend.load().keras.losses
    return {"mse": losses.mean_squared_error, "mae": losses.mean_absolute_error}[kind]


def recorrupted_loss() -> Callable[[Any, Any], Any]:
    r"""Make the loss of Noise2Void with recorrupted visible pixels.

    With target :math:`t`, weight :math:`w`, shift :math:`s` and prediction :math:`p`, summed
    over the whole batch: :math:`\sum w ((p - t)^2 + 2 (p - t) s) / \sum w`. That is the
    squared error against :math:`t - s`, less :math:`s^2`, which no net can change: so the
    values compare with those of `masked_loss`. Only squared errors let the shift cancel.

    Returns
    -------
    loss : callable
        ``loss(y_true, y_pred)`` with `y_true` of shape ``(N, [Z,] Y, X, 3C)``: targets,
        weights and shifts of all channels; `y_pred` of shape ``(N, [Z,] Y, X, C)``; a
        float32 scalar.
    """
    tf = keras_backend.load()

    def loss(y_true: Any, y_pred: Any) -> Any:
        target, weight, shift = tf.split(tf.cast(y_true, tf.float32), 3, axis=-1)
        error = tf.cast(y_pred, tf.float32) - target
        summed = tf.reduce_sum(weight * error * (error + 2 * shift))
        return tf.math.divide_no_nan(summed, tf.reduce_sum(weight))

    loss.__name__ = "recorrupted_mse"
    return loss
