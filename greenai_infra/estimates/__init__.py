"""Estimates by name: what a user writes (a model, a chip, an engine) turned into the physics of `footprint`."""
