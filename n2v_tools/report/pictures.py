"""Pictures that stand in the page itself, without loss."""

from __future__ import annotations

import base64
import io

import numpy as np

PREFIX = "data:image/png;base64,"


def png_uri(grey: np.ndarray) -> str:
    """Return a ``data:`` address that holds the picture, uint8 of shape (Y, X)."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(grey).save(file, "png", compress_level=9)
    return PREFIX + base64.b64encode(file.getvalue()).decode()
