"""Point spread functions as products of lines: light is kept, and blurs are convolutions."""

import json

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import convolve

from n2v_tools.errors import SettingsError
from n2v_tools.methods.deconoising.psf import from_pixels, gaussian, read_psf


def lopsided(*shape):
    """A spot that is brighter to the right and below, of odd sizes."""
    middle = np.array(shape) // 2
    places = np.indices(shape).reshape(len(shape), -1).T - middle
    bright = np.exp(-0.5 * ((places - 0.3) ** 2).sum(axis=1)) * (1 + 0.3 * np.tanh(places[:, -1]))
    return bright.reshape(shape)


@pytest.mark.parametrize("shape", [(7, 9), (5, 7, 9)], ids=["YX", "ZYX"])
def test_a_blur_is_a_convolution_with_the_pixels_and_no_correlation(shape):
    psf = from_pixels(lopsided(*shape), "made")
    image = default_rng(0).random((11,) * (len(shape) - 2) + (30, 25))
    pixels = lopsided(*shape) / lopsided(*shape).sum()
    expected = convolve(image, pixels, mode="mirror")
    left_out = 0.02 * image.max()  # of the light, see LEFT_OUT
    np.testing.assert_allclose(psf.blur(image), expected, atol=left_out)
    flipped = convolve(image, np.flip(pixels), mode="mirror")
    assert np.abs(psf.blur(image) - flipped).max() > 2 * np.abs(psf.blur(image) - expected).max()


def test_a_point_becomes_the_point_spread_function():
    point = np.zeros((21, 21))
    point[10, 10] = 1
    psf = from_pixels(lopsided(7, 7), "made")
    np.testing.assert_allclose(psf.blur(point)[7:14, 7:14], psf.kernel, atol=1e-6)


@pytest.mark.parametrize("sigmas", [(1.2, 1.2), (2.5, 1.2, 1.2), (0.0, 1.5, 1.5)])
def test_a_gaussian_is_one_product_and_as_wide_as_asked(sigmas):
    psf = gaussian(sigmas)
    assert len(psf.terms) == 1 and psf.kernel.sum() == pytest.approx(1)
    for sigma, width in zip(sigmas, psf.widths_px, strict=True):
        assert width == pytest.approx(2.355 * sigma or 1, rel=0.05)  # at half height


def test_one_that_ends_at_four_deviations_is_as_good_as_81_pixels():
    image = default_rng(0).random((90, 90))
    at = np.arange(-40, 41)
    line = np.exp(-(at**2) / 2)
    wide = np.outer(line, line) / line.sum() ** 2
    assert np.abs(gaussian((1.0, 1.0)).blur(image) - convolve(image, wide, mode="mirror")).max() < (
        1e-4
    )


def test_light_is_kept_so_that_the_mean_is():
    image = default_rng(0).random((200, 200)).astype(np.float32)
    for psf in (gaussian((1.5, 1.5)), from_pixels(lopsided(9, 9), "made")):
        assert psf.blur(image).mean() == pytest.approx(image.mean(), abs=1e-4)


def test_turns_are_those_that_leave_it_as_it_is():
    assert len(gaussian((1.5, 1.5)).symmetries) == 8
    assert len(gaussian((2.0, 1.0)).symmetries) == 4
    only = from_pixels(lopsided(9, 9) * np.linspace(1, 3, 9), "made").symmetries
    assert len(only) < 8 and not any(one.flip_x and not one.transpose for one in only)


def test_what_lies_beyond_a_reach_is_cut_off_and_the_rest_adds_up_to_one():
    cut = gaussian((2.0, 2.0)).within((3, 4))
    assert cut.reach_px == (3, 4) and cut.kernel.sum() == pytest.approx(1)
    whole = gaussian((1.0, 1.0))
    assert whole.within((30, 30)) is whole


def test_a_model_folder_gives_back_what_was_kept():
    psf = from_pixels(lopsided(5, 7, 7), "measured, from a bead", "high")
    again = read_psf(json.loads(json.dumps(psf.record())), 3)
    assert again == psf


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {"terms": []},
        {"terms": [[[1.0]]]},
        {"terms": [[[0.5, 0.5], [1.0]]]},
        {"terms": [[["1"], [1.0]]]},
        {"terms": [[[2.0], [1.0]]]},
        {"terms": [[[1.0], [1.0]], [[0.0, 0.0, 0.0], [1.0]]]},
        {"terms": [[[float("nan")], [1.0]]]},
        {"terms": [[[1.0] * 257, [1.0]]]},
    ],
)
def test_anything_else_in_a_model_folder_is_refused(record):
    with pytest.raises(SettingsError, match="psf"):
        read_psf(record, 2)
