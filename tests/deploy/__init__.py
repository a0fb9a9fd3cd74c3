"""Tests of stack config, the offline preview and the engine commands."""
