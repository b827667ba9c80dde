"""Filters without a model: median, Gaussian, diffusion, non-local means, fitted to each image."""

from .restorer import FilterRestorer
from .table import FILTERS, filter_for, read_settings

__all__ = ["FILTERS", "FilterRestorer", "filter_for", "read_settings"]
