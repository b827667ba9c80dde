"""Blur of predicted images by point spread functions, inside TensorFlow.

Along one axis a convolution of a patch, mirrored at its ends, is a small matrix. Products with it
are what processors do best: for patches of 64 px they are faster than a convolution of 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import keras_backend
from .psf import Psf


def blur_matrix(line: Sequence[float], size: int) -> np.ndarray:
    """Convolution by `line`, mirrored at the ends without repeating them: float64 (size, size)."""
    reach = len(line) // 2
    matrix = np.zeros((size, size))
    period = max(2 * (size - 1), 1)
    for to in range(size):
        for number, weight in enumerate(line):
            source = abs(to + reach - number) % period
            matrix[to, min(source, period - source)] += weight
    return matrix


def blurring(psfs: Sequence[Psf], sizes: Sequence[int]) -> Callable[[Any], Any]:
    """Make the function that blurs float32 tensors (N, [Z,] Y, X, C), C as many as `psfs`."""
    tf = keras_backend.load()
    channels = [
        [
            [
                tf.constant(blur_matrix(*along), tf.float32)
                for along in zip(term, sizes, strict=True)
            ]
            for term in psf.terms
        ]
        for psf in psfs
    ]

    def blur(images: Any) -> Any:
        parts = tf.unstack(images, axis=-1)
        return tf.stack(
            [
                tf.add_n([_along_all(part, term) for term in terms])
                for part, terms in zip(parts, channels, strict=True)
            ],
            axis=-1,
        )

    return blur


def _along_all(images: Any, matrices: Sequence[Any]) -> Any:
    """Apply one matrix along each axis of images (N, [Z,] Y, X)."""
    tf = keras_backend.load()
    letters = "zyx"[-len(matrices) :]
    for letter, matrix in zip(letters, matrices, strict=True):
        result = letters.replace(letter, "w")
        images = tf.einsum(f"w{letter},n{letters}->n{result}", matrix, images)
    return images
