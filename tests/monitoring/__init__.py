"""Tests of the metric contract, the burn rates and the rules of composite alarms."""
