"""Desk: what all jobs share, such as inputs, names of outputs, progress and provenance."""
