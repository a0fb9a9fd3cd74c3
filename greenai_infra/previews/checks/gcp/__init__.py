"""Checks of Google Cloud's resources."""
