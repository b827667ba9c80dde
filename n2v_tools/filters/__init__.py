"""Filters without a model: median, Gaussian, diffusion, non-local means, fitted to each image."""
