"""Pictures in a page lose nothing."""

import base64
import io

import numpy as np
from numpy.random import default_rng
from PIL import Image

from n2v_tools.report.pictures import PREFIX, png_uri


def test_every_grey_value_comes_back():
    grey = default_rng(0).integers(0, 256, (31, 17)).astype(np.uint8)
    uri = png_uri(grey)
    assert uri.startswith(PREFIX)
    shown = Image.open(io.BytesIO(base64.b64decode(uri[len(PREFIX) :])))
    np.testing.assert_array_equal(np.asarray(shown), grey)
