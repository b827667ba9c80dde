"""Inspection: what is in a file, what its noise is, and what to run."""
