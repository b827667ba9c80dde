"""Named experiments: study files, the order in which they run, and the records of their runs.

This room reads and records; it opens no image and trains nothing. `jobs.study` does.
"""
