"""Tests of `doctor`: what is missing before `up`."""
