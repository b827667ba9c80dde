"""Previews: a small GIF of one or several movies side by side."""
