"""Forecasts of intensity, and how good they have been."""
