"""Answers for questions that mean the same: an index of their vectors, and the guard that decides."""
