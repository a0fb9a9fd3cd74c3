"""Advice for a workload of the user's: each figure computed for it, or what is missing to compute it."""
