"""Simulated data with known truth: specimens, and the cameras that record them."""
