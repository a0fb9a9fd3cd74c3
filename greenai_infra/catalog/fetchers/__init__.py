"""Newer prices: read from SkyPilot's catalogue and from AWS's price lists, checked, and kept for this user."""
