"""Self-supervised denoising of microscopy images: one command to train, one to denoise.

Importing this package decides on legacy Keras 2 before TensorFlow can load.
"""

from ._version import __version__
from .keras_backend import choose_legacy_keras

__all__ = ["__version__"]

choose_legacy_keras()
