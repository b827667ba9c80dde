"""TIFF of every kind: plain, BigTIFF, ImageJ's and OME-TIFF, also in sets of many files."""
