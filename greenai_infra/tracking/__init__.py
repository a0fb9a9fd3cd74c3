"""Tracking of runs: energy as measured, times the intensity of the same minutes, times PUE; and where it is told."""
