"""Small movies of large ones: averaged down, with one grey scale, drawn side by side."""
