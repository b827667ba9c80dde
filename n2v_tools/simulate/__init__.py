"""Data with known truth: what a specimen looks like, and what a camera makes of it."""
