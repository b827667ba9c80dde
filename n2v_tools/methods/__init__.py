"""Recipes: what each method hides, builds, minimises and leaves behind."""
