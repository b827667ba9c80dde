"""How good a restored image is: against the truth, against itself, against the next frame."""

from .metrics import data_range_of, fit_affine, psnr

__all__ = ["data_range_of", "fit_affine", "psnr"]
