"""Estimates by name, against figures worked out by hand."""
