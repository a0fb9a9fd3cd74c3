"""YAML, JSON and stack config read into typed structs; every problem at once, with key, value and an example."""
