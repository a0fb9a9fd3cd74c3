"""Tests of the files of a Pulumi project."""
