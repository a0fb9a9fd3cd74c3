"""Advice for the user's workload: each figure computed for it, or the missing input named."""
