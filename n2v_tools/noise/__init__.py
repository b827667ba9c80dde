"""Noise of a stack: its strength, and its correlation from pixel to pixel and frame to frame."""
