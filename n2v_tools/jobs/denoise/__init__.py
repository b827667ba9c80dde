"""Denoising: many files, one model or filter, and where outputs go."""
