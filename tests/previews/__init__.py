"""Tests of the offline preview: the program, what it declares, what is found in it."""
