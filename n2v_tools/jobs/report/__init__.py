"""Reports: one self-contained page about a restored file."""
