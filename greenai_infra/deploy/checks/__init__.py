"""Checks of a previewed stack: one a function, each listed once in the registry of its cloud."""
