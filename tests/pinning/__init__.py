"""Tests of what `select` pins into stacks."""
