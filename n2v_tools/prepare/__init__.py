"""Preparation of stacks for a net: a survey, strips, patches and their symmetries."""
