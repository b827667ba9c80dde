"""Hiding pixels: where (positions), by what (replace), and what the network then sees (batches)."""
