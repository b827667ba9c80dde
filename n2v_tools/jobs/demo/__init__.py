"""The demo: the main job on a generated dome."""
