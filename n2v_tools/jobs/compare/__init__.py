"""Comparison: several methods on one stack, one figure and one table."""
