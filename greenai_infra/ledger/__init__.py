"""Emissions and reservations as append-only entries."""
