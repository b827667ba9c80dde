"""What a blind-spot net minimises: its error at the hidden pixels only."""

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
