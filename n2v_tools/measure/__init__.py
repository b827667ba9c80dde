"""Measures of a restored image: against the truth, against itself, against the next frame."""
