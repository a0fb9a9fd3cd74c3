"""Sinks that receive a run's values while it runs: all optional; a sink can neither break nor slow the run."""
