"""Tests of the shared documents and config sections."""
