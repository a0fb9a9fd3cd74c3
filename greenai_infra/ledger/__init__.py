"""What was emitted and what is reserved, as entries that are added and never edited."""
