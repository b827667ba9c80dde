"""Judging: verdicts on restored files without truth."""
