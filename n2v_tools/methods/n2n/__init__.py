"""Noise2Noise on movies."""
