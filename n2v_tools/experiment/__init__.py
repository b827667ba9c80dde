"""Named experiments: what a study file says, in which order it runs, and what came of it.

This room reads and records; it opens no image and trains nothing. `jobs.experiment` does.
"""
