"""Simulation: a noisy file and its clean truth."""
