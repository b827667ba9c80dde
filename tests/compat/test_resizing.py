"""Images are padded as CSBDeep pads them, and cropped back to what they were."""

import csbdeep.data
import numpy as np
import pytest

from n2v_tools.compat.refusals import WrongValue
from n2v_tools.compat.resizing import NoResizer, PadAndCropResizer


@pytest.mark.parametrize("shape", [(1, 9, 13), (3, 8, 16), (2, 17, 5)])
@pytest.mark.parametrize("blocks", [(1, 4, 4), (1, 8, 1), (1, 1, 1)])
def test_padding_is_csbdeeps_and_cropping_undoes_it(shape, blocks):
    image = np.random.default_rng(0).random(shape)
    ours, theirs = PadAndCropResizer(), csbdeep.data.PadAndCropResizer()
    padded = ours.before(image, "CYX", blocks)
    np.testing.assert_array_equal(padded, theirs.before(image, "CYX", blocks))
    assert not any(n % block for n, block in zip(padded.shape, blocks, strict=True))
    np.testing.assert_array_equal(ours.after(padded, "CYX"), image)


def test_axes_may_come_in_another_order_after_than_before():
    resizer = PadAndCropResizer()
    padded = resizer.before(np.zeros((9, 13)), "YX", (4, 8))
    assert resizer.after(padded.T, "XY").shape == (13, 9)


def test_mode_and_keywords_are_numpys():
    padded = PadAndCropResizer("constant", constant_values=7).before(np.zeros((3, 4)), "YX", (4, 4))
    np.testing.assert_array_equal(padded[-1], [7, 7, 7, 7])


def test_without_a_resizer_a_size_that_does_not_fit_is_refused_by_its_axis():
    image = np.zeros((8, 10))
    assert NoResizer().after(NoResizer().before(image, "YX", (4, 2)), "YX") is image
    with pytest.raises(WrongValue, match="axis X is 10 px long and the net needs a multiple of 4"):
        NoResizer().before(image, "YX", (4, 4))
