"""Asking a service: HTTP, the answer cache, gaps and coverage."""
