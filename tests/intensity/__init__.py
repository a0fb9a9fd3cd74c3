"""Intensity sources, against files written here and a local server that speaks the documented API."""
