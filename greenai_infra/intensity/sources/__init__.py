"""The sources of carbon intensity, a module per source."""
