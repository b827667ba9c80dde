"""Preparation of stacks for a net: a survey, strips, patches, struct masks, symmetries."""
