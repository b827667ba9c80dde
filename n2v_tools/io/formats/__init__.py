"""File formats of images: a table with a row for each, and one module or folder that reads it."""
