"""Self-supervised denoising of microscopy images: one command to train, one to denoise."""

__version__ = "0.1.0"
