"""The sources of carbon intensity, one module a source."""
