"""The presentation of results; independent of the source of the numbers."""
