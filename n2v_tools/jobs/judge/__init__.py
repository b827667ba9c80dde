"""Judging: what can be said of a restored file without truth."""
