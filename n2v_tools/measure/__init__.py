"""Measures of a restored image: against the truth, against itself, against the next frame."""

from .local_moments import compare_windows, measure_local
from .metrics import data_range_of, fit_affine, psnr, si_psnr
from .scaling import Scaling, ScalingSums
from .snr import TemporalSums, combine_snr, spatial_snr
from .ssim import MicroFit, fit_micro, micro_ssim, ssim
from .summary import Gain, Summary, measure_gain, summarise

__all__ = [
    "Gain",
    "MicroFit",
    "Scaling",
    "ScalingSums",
    "Summary",
    "TemporalSums",
    "combine_snr",
    "compare_windows",
    "data_range_of",
    "fit_affine",
    "fit_micro",
    "measure_gain",
    "measure_local",
    "micro_ssim",
    "psnr",
    "si_psnr",
    "spatial_snr",
    "ssim",
    "summarise",
]
