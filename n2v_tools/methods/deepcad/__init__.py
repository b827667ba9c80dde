"""DeepCAD-RT."""
