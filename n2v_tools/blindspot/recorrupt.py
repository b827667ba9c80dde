"""Let the pixels that are not hidden teach too, where the noise is known.

Recorrupted-to-recorrupted [1]_: with noise of known variance, a patch :math:`y` and a draw
:math:`z` of that noise give the pair :math:`y + a z` and :math:`y - z / a`, whose noise is
uncorrelated, so that a net which learns the second from the first learns the signal. That
holds for normal noise. Skewed noise, such as Poisson's, shows in the first which sign its
error has; this vanishes, to third order, if the variance of z follows the noisy pixel to
a part: with third moment :math:`k`, gain :math:`g` and variance :math:`v` that part is
:math:`k / (g v (2 - a^2))`, from :math:`E[(n - z/a)(n + a z)^2] = k - (2 - a^2) E[n z^2]`.

References
----------
.. [1] T. Pang, H. Zheng, Y. Quan, H. Ji. Recorrupted-to-Recorrupted: Unsupervised Deep
   Learning for Image Denoising. CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import keras_backend


def recorrupt(
    patches: Any, noise: Sequence[tuple[float, float, float]], strength: float, seed: Any
) -> tuple[Any, Any]:
    """Add noise to patches, and say by what their targets would have to be shifted.

    Parameters
    ----------
    patches : float32 tensor, shape (N, [Z,] Y, X, C)
        Noisy and normalised.
    noise : sequence of (slope, floor, skew), length C
        Where the mean is m the variance is ``slope * m + floor``, all normalised, and the
        third moment ``skew * slope`` times that.
    strength : float
        The `a` of the pair; above 0, below sqrt(2).
    seed : int tensor of shape (2,)
        Equal seeds add equal noise.

    Returns
    -------
    noisier : float32 tensor, shape of `patches`
        y + a z
    shift : float32 tensor, shape of `patches`
        z / a: the target is ``patches - shift``.
    """
    tf = keras_backend.load()
    slope, floor, skew = tf.unstack(tf.transpose(tf.constant(noise, tf.float32)))
    in_mean = 1 / 3 ** (len(patches.shape) - 2)  # the pixel's own share of the local mean
    own = (tf.minimum(skew / (2 - strength**2), 1.0) - in_mean) / (1 - in_mean)
    mean = own * patches + (1 - own) * local_mean(patches)
    variance = tf.nn.relu(slope * mean + floor)
    z = tf.sqrt(variance) * tf.random.stateless_normal(tf.shape(patches), seed)
    return patches + strength * z, z / strength


def local_mean(patches: Any) -> Any:
    """Mean of the 3 x 3 or 3 x 3 x 3 pixels around each pixel, of those inside the patch."""
    tf = keras_backend.load()
    window = (3,) * (len(patches.shape) - 2)
    return tf.nn.avg_pool(patches, window, strides=1, padding="SAME")
