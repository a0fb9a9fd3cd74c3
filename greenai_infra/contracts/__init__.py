"""The documents that parts of the toolkit hand to each other, and the names that both sides must spell the same."""
