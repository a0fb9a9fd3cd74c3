"""Estimates by name: a model, a chip and an engine that a user names, turned into the physics of `footprint`."""
