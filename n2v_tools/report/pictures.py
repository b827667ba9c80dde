"""From counts to pictures that stand in the page itself, without loss."""

from __future__ import annotations

import base64
import io

import numpy as np

PREFIX = "data:image/png;base64,"


def to_grey(counts: np.ndarray, black: float, white: float) -> np.ndarray:
    """Return grey values 0 to 255; what lies outside is clipped, NaN is black.

    Parameters
    ----------
    counts : ndarray, shape (Y, X)
    black, white : float
        Counts; the first is smaller.
    """
    share = (counts.astype(np.float64) - black) / (white - black)
    return np.rint(255 * np.clip(np.nan_to_num(share, nan=0.0), 0, 1)).astype(np.uint8)


def png_uri(grey: np.ndarray) -> str:
    """Return a ``data:`` address that holds the picture.

    Parameters
    ----------
    grey : ndarray of uint8, shape (Y, X)
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(grey).save(file, "png", compress_level=9)
    return PREFIX + base64.b64encode(file.getvalue()).decode()
