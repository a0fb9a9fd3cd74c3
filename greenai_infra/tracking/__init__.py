"""Tracking of runs: measured energy times the intensity of the same minutes times PUE, and reports to sinks."""
