"""Planning again and again: what has changed since the last round, and when to move."""
