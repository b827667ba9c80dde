"""Frames predicted from the frames around them."""
