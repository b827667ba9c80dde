"""Blur inside TensorFlow: the same as outside it, with gradients."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import keras_backend
from n2v_tools.methods.deconoising.blur import blur_matrix, blurring
from n2v_tools.methods.deconoising.psf import from_pixels, gaussian


@pytest.mark.parametrize("sizes", [(20, 24), (3, 20, 24)], ids=["YX", "ZYX"])
def test_it_is_the_blur_of_restoring_channel_by_channel(sizes):
    rng = default_rng(0)
    psfs = [gaussian((1.2,) * len(sizes)), from_pixels(rng.random((5,) * len(sizes)) ** 3, "made")]
    images = rng.random((2, *sizes, 2)).astype(np.float32)
    blurred = blurring(psfs, sizes)(images).numpy()
    for c, psf in enumerate(psfs):
        for image, found in zip(images, blurred, strict=True):
            np.testing.assert_allclose(found[..., c], psf.blur(image[..., c]), atol=1e-5)


def test_a_line_longer_than_the_patch_is_mirrored_again_and_again():
    matrix = blur_matrix([0.1] * 10 + [0.0] + [0.0] * 10, 4)
    assert matrix.sum(axis=1) == pytest.approx([1.0] * 4)
    assert blur_matrix([0.25, 0.5, 0.25], 1) == pytest.approx(np.ones((1, 1)))


def test_gradients_go_through_it():
    tf = keras_backend.load()
    x = tf.Variable(default_rng(0).random((1, 8, 8, 1)).astype(np.float32))
    blur = blurring([gaussian((1.0, 1.0))], (8, 8))
    with tf.GradientTape() as tape:
        middle = blur(x)[0, 4, 4, 0]
    gradient = tape.gradient(middle, x).numpy()[0, ..., 0]
    assert gradient.sum() == pytest.approx(1, abs=1e-5) and (gradient > 1e-3).sum() > 9
