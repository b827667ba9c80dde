"""Light of a plane of tissue in a wide-field image: blurred, over haze from out of focus."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

HAZE_PX, HAZE_SHARE = 9.0, 0.35  # standard deviation, and brightness relative to the focus


def blur_with_haze(sharp: np.ndarray, blur_px: float) -> np.ndarray:
    """Return an image (Y, X) as a microscope sees it; its mean grows by `HAZE_SHARE`.

    `blur_px` is the standard deviation of the point spread.
    """
    haze = gaussian_filter(sharp, HAZE_PX, mode="nearest", truncate=2.5)
    return gaussian_filter(sharp, blur_px, mode="nearest") + HAZE_SHARE * haze
