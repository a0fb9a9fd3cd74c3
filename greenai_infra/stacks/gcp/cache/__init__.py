"""Memorystore for Valkey as an inference cache."""
