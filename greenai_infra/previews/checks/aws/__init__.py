"""Checks of AWS's resources."""
