"""Evaluation: restored files against clean truth."""
