"""Restoring: a stack in, restored planes out, by tiles and streams."""
